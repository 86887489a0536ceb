-- home: flows, which are jobs that wait for each other, as they stand in this queue. The nodes of one
-- stand in *groups*, whose members have the same needs: see lib/graph.lua. All its keys begin with
-- {q}:flow:<key>:
--
-- {q}:flow:<key>  HASH  id, state, nodes, groups, left (nodes that have not ended), completed, failed,
--                       cancelled, ignored (failures that count for nothing), created, ended, root (a
--                       group), many ('1' if that has more than one result), root_failed, keep and
--                       keep_failed (ms), deadline (ms), late ('1' once that has passed), until (ms:
--                       when a large one is removed), cause (the first member that failed), why (the
--                       mark of its cancellation), revival ('1' while it is found out what runs
--                       again), success, complete, death (jobs that follow),
--                       largest (bytes of the largest record) and widest (of the largest outcome),
--                       where they are large
--   :groups       HASH  group → members, policy, priority, delay ms, queue, dependents, needs
--   :records      HASH  member → record; a member is its group, '.', and its number from 0
--   :outcomes     HASH  member → how it ended
--   :left         HASH  group → members that have not ended
--   :waits        HASH  group → groups that it waits for
--   :sent         HASH  group → members that were sent to their queue
--   :over         HASH  group → '<first> <kind> <cause> <n>': from this member on they ended without a
--                       job, n in all
--   :bad          HASH  group → members whose jobs failed or were cancelled
--   :again        HASH  member → how often it was sent again
--   :kept         HASH  group → members, of those that are still to be sent, that completed before
--                       the flow ran again: see lib/revival.lua
--   :done         HASH  group → when the last of its members ended, ms, and that member; '-' if it had
--                       no job
--   :work         LIST  what is still to do: see lib/flowing.lua
--   :names        HASH  group → its name
--   :inner        LIST  keys of the flows that are nodes of this one
--
-- Of all flows: {q}:flows HASH id → key; {q}:flow:ids HASH key → id; {q}:flows:ended ZSET key, when
-- it ended; {q}:flows:kept ZSET key, until when it is kept; {q}:flowing ZSET: see lib/flowing.lua. The
-- deadline of one is a member of {q}:ticks, which the workers of the queue look after: 'flow ' and the
-- key, as no schedule can be called.

local HOME_PARTS = {
  '', ':groups', ':records', ':outcomes', ':left', ':waits', ':sent', ':over', ':bad', ':again',
  ':kept', ':done', ':work', ':names', ':inner',
}

local function home_flow(base, key)
  return base .. 'flow:' .. key
end

-- Whether a job that waits for a flow hasn't forgotten it: see lib/children.lua.
local function home_is_child(base, key, job)
  local keys = redis.call('HGET', base .. 'children', job)
  return keys and string.find(keys, key .. ' ', 1, true) ~= nil
end

-- These parts of a flow expire; with '-' as the time they don't any more.
local function home_expire(name, parts, time)
  for _, part in ipairs(parts) do
    if time == '-' then
      redis.call('PERSIST', name .. part)
    else
      redis.call('PEXPIRE', name .. part, time)
    end
  end
end

-- Its deadline counts no more.
local function home_forget_deadline(base, key)
  if redis.call('ZREM', base .. 'ticks', 'flow ' .. key) == 1 then
    ticks_note(base .. 'meta', base .. 'ticks')
  end
end

-- It is none of those that have ended, or is gone.
local function home_revived(base, key)
  redis.call('ZREM', base .. 'flows:ended', key)
  redis.call('ZREM', base .. 'flows:kept', key)
end

-- Forgets a flow. Keys of those within it are added to `more`.
local function home_forget(base, key, more)
  local name, names = home_flow(base, key), {}
  local id = redis.call('HGET', base .. 'flow:ids', key)
  for i, part in ipairs(HOME_PARTS) do
    names[i] = name .. part
  end
  for _, inner in ipairs(redis.call('LRANGE', name .. ':inner', 0, -1)) do
    more[#more + 1] = inner
  end
  redis.call('UNLINK', unpack(names))
  home_revived(base, key)
  redis.call('ZREM', base .. 'flowing', key)
  home_forget_deadline(base, key)
  redis.call('HDEL', base .. 'flow:ids', key)
  if id and redis.call('HGET', base .. 'flows', id) == key then
    redis.call('HDEL', base .. 'flows', id)
  end
end

local function home_remove(base, key)
  local keys = { key }
  while #keys > 0 do
    home_forget(base, table.remove(keys), keys)
  end
end

-- What stands in answers of a flow; nil if there is none.
local function home_fields(name)
  local found = redis.call('HMGET', name, 'id', 'state', 'nodes', 'groups', 'left', 'completed',
    'failed', 'cancelled', 'created', 'ended', 'root', 'cause', 'many', 'late', 'deadline', 'revival',
    'root_failed')
  -- What failed its root is behind its failure, and not what failed first.
  found[12] = found[17] or found[12]
  found[17] = nil
  return found[2] and found
end
