-- settle: how runs ended. Each function reads one block of ARGV at `at` and answers where the next
-- begins. q: every key of the queue by name, and base, kept, step, held, expiring; plain, if no job
-- has a sparse column; bare, if besides no job is delayed and there is no outbox. A job leaves
-- `running` last if the script has begun with a write that shrinks: if a key has a wrong type, the
-- job is still held. Marked jobs that have no result are left to cancels_end.

-- Takes jobs out of `running`. keeps: which of them hold room of their groups all the same: see lanes_free.
local function settle_let_go(q, ids, first, last, keeps)
  first, last = first or 1, last or #ids
  if group_of_any(q) == '2' then q.freed = lanes_free(q.base, ids, first, last, keeps) or q.freed end
  if last - first + 1 == q.held then
    -- These are all that the worker holds: removing the whole hash costs a fraction.
    redis.call('DEL', q.running)
  else
    redis.call('HDEL', q.running, unpack(ids, first, last))
  end
end

-- Jobs have ended that are kept: what they stand for goes on without them.
local function settle_free(q, kind, ids)
  unique_free(q.uniques, q.base, ids)
  if kind == 'failed' then children_end(q.base, ids, 1, #ids) end
end

-- Jobs that ended: kind, and after a space the pool of their retention, if that isn't the common one;
-- count and age in ms to keep, n, then n ids (none kept) or n pairs id, outcome.
local function settle_ended(q, args, at, now)
  local kind, pool = string.match(args[at], '^(%a+) ?(.*)$')
  local count, age = tonumber(args[at + 1]), tonumber(args[at + 2])
  local n, width = tonumber(args[at + 3]), count ~= 0 and 2 or 1
  local first, after = at + 4, at + 4 + n * width
  if kind == 'failed' then args, first, n = cancels_sift(q, args, first, n, width) end
  if n == 0 then
    return after
  end
  local ids, last = args, first + n * width - 1
  if count ~= 0 then
    ids = {}
    -- A counted loop: ipairs would call a function for each.
    for i = 1, n do
      ids[i] = args[first + 2 * (i - 1)]
    end
  end
  local from, to = ids == args and first or 1, ids == args and last or n
  if count == 0 then
    settle_let_go(q, ids, from, to, kind == 'failed' and 2 or nil)
    if kind == 'failed' then
      -- Purged after the effects are written, since a dead letter tells of the errors.
      q.purges[#q.purges + 1] = { ids = ids, from = from, to = to }
    else
      columns_purge(q, ids, from, to)
    end
  else
    redis.call('HDEL', q.running, '')
    -- Converted to text once, not for each job.
    local members, ended = {}, string.format('%.0f', retention_time(q, now))
    for i = 1, n do
      members[2 * i - 1], members[2 * i] = ended, ids[i]
    end
    redis.call('HSET', q.outcomes, unpack(args, first, last))
    retention_pool(q, kind, pool, members, ended)
    redis.call('ZADD', q[kind], unpack(members))
    settle_let_go(q, ids, 1, n, kind == 'failed' and 2 or nil)
    if not q.plain then settle_free(q, kind, ids) end
    -- Trimmed after all blocks: the errors of these jobs are still to come.
    q.trims[#q.trims + 1] = { state = kind, pool = pool, count = count, age = age }
  end
  if q.expiring then
    redis.call('ZREM', q.base .. 'expiring', unpack(ids, from, to))
  end
  if kind == 'completed' then cancels_forget(q, ids, from, to) end
  redis.call('HINCRBY', q.meta, kind, n)
  events_add(q.events, q.kept, kind, ids, from, to)
  return after
end

-- Jobs to retry: n, then n times id, what `attempts` then has of it, delay ms.
local function settle_retried(q, args, at, now)
  local n, first = tonumber(args[at]), at + 1
  local after, ids, attempts, delayed, ready, own = first + 3 * n, {}, {}, {}, {}, {}
  args, first, n = cancels_sift(q, args, first, n, 3)
  if n == 0 then
    return after
  end
  for i = first, first + 3 * n - 1, 3 do
    ids[#ids + 1] = args[i]
    attempts[#attempts + 1], attempts[#attempts + 2] = args[i], args[i + 1]
  end
  local priorities = rank_priorities(q.priority, ids)
  for i, id in ipairs(ids) do
    local delay = tonumber(args[first + 3 * i - 1])
    local set = delay > 0 and delayed or ready
    set[#set + 1] = delay > 0 and now + delay or rank_text(priorities[i] or 0, q.step, now)
    set[#set + 1] = id
    if set == ready then own[#ready / 2] = priorities[i] end
  end
  redis.call('HSET', q.attempts, unpack(attempts))
  if group_of_any(q) == '2' then q.freed = lanes_free(q.base, ids, 1, #ids, 1) or q.freed end
  if #delayed > 0 then redis.call('ZADD', q.delayed, unpack(delayed)) end
  if #ready > 0 then groups_ready(q, ready, own, now) end
  redis.call('HDEL', q.running, unpack(ids))
  q.bare, q.plain = false, false
  events_add(q.events, q.kept, 'retrying', ids)
  return after
end

-- These jobs go back before they have started, so they may expire again.
local function settle_unstarted(q, ids)
  if not q.expiring or #ids == 0 then
    return
  end
  local back = {}
  for i, at in ipairs(redis.call('ZMSCORE', q.base .. 'expiring', unpack(ids))) do
    if at and tonumber(at) < -1 then
      back[#back + 1], back[#back + 2] = string.format('%.0f', -tonumber(at)), ids[i]
    end
  end
  if #back > 0 then
    redis.call('ZADD', q.base .. 'expiring', unpack(back))
    q.for_others = true
  end
end

-- Notes what a release counts as, in one of two lists: a snooze, or a worker that doesn't know the job.
local function settle_noted(q, id, counts, misses, snoozes)
  if string.byte(counts) == 126 then
    snoozes[#snoozes + 1], snoozes[#snoozes + 2] = id, string.sub(counts, 2)
  else
    misses[#misses + 1], misses[#misses + 2] = id, counts
    -- It goes back for a worker that knows it, which must know when it is due.
    q.for_others = true
  end
end

-- A rank among jobs of all groups, of a job with this score in `waiting`.
local function settle_rank(q, score, now)
  local number = tonumber(score)
  if number >= 0 then
    return score
  elseif number >= -LANES_BELOW then
    return string.format('%.0f', lanes_rank(number))
  end
  return rank_text(0, q.step, now)
end

-- Jobs go back to their places, and their groups are held for a while: alone, whatever else the queue has.
local function settle_throttle(q, jobs)
  local ids = {}
  for i, job in ipairs(jobs) do
    ids[i] = job.id
  end
  -- From now on the fetches of this queue look for that.
  if group_of_any(q) then
    q.grouped = '2'
    redis.call('HSET', key_of(q, 'meta'), 'grouped', '2')
  end
  lanes_free(q.base, ids)
  local of, since = group_of_ids(q, ids)
  local priorities = rank_priorities(q.priority, ids)
  for i, job in ipairs(jobs) do
    local group, score = of[i], tonumber(job.score)
    if not group then
      redis.call('ZADD', q.waiting, job.score, job.id)
    else
      local rank = score < -LANES_BELOW and rank_text(priorities[i] or 0, q.step, since[i])
        or string.format('%.0f', lanes_rank(score))
      groups_read(q, { group })
      groups_join(q, group, { rank, job.id }, since[i])
      redis.call('ZADD', q.waiting, lanes_below(rank), job.id)
      if job.till > (q.throttled[group] or 0) then
        redis.call('ZADD', q.base .. 'groups:until', string.format('%.0f', job.till), group)
      end
    end
  end
end

-- Where a job that is released goes: `to` has the lists. What stands for its delay: see below.
local function settle_place(q, to, id, word, value, now)
  local delay, set, list = tonumber(word), to.ready, to.back
  if string.byte(word) == 64 then
    local parent
    delay, parent = suspend_for(q, id, word, now)
    set, list = to.delayed, parent and to.parents or to.suspended
  elseif string.byte(word) == 94 then
    to.back[#to.back + 1] = id
    local till = now + string.sub(word, 2)
    to.throttled[#to.throttled + 1] = { id = id, score = running_rank(value), till = till }
    return
  elseif not delay then
    local lane = string.sub(word, 2)
    to.unstarted[#to.unstarted + 1], delay = id, 0
    if lane ~= '' then
      to.lanes[lane] = to.lanes[lane] or {}
      set, q.parked = to.lanes[lane], true
    end
  elseif delay > 0 then
    set = to.delayed
  end
  list[#list + 1] = id
  -- In a lane, a job has had its turn, and keeps its room.
  if set == to.delayed then to.waits[#to.waits + 1] = id end
  local rank = delay > 0 and now + delay or running_rank(value)
  -- In a lane, jobs of all groups have one order.
  if set ~= to.ready and set ~= to.delayed then rank = settle_rank(q, rank, now) end
  set[#set + 1] = rank
  set[#set + 1] = id
end

-- Jobs that are released without counting an attempt: n, then n times id, delay ms, misses (-1: as
-- before; of a snooze '~' and what `attempts` then has of it). Without a delay, a job goes back to
-- its former position. Instead of a delay, a job that has not started has '=' and the lane to wait
-- in, if any; one that is suspended '@' and what it waits for: see lib/suspend.lua; and one whose group is
-- throttled '^' and for how many ms.
local function settle_released(q, args, at, now)
  local n, first = tonumber(args[at]), at + 1
  local after = first + 3 * n
  local ids, misses, snoozes = {}, {}, {}
  local to = { delayed = {}, ready = {}, unstarted = {}, lanes = {}, back = {}, suspended = {},
    parents = {}, waits = {}, throttled = {} }
  args, first, n = cancels_sift(q, args, first, n, 3)
  if n == 0 then
    return after
  end
  for i = first, first + 3 * n - 1, 3 do
    ids[#ids + 1] = args[i]
  end
  local values = redis.call('HMGET', q.running, unpack(ids))
  for i, id in ipairs(ids) do
    local entry = first + 3 * (i - 1)
    local missed = args[entry + 2]
    settle_place(q, to, id, args[entry + 1], values[i], now)
    if missed ~= '-1' then settle_noted(q, id, missed, misses, snoozes) end
  end
  if #snoozes > 0 then redis.call('HSET', q.attempts, unpack(snoozes)) end
  if #misses > 0 then redis.call('HSET', q.misses, unpack(misses)) end
  if #to.waits > 0 and group_of_any(q) == '2' then
    q.freed = lanes_free(q.base, to.waits, 1, #to.waits, 1) or q.freed
  end
  if #to.delayed > 0 then redis.call('ZADD', q.delayed, unpack(to.delayed)) end
  if #to.throttled > 0 then settle_throttle(q, to.throttled) end
  if #to.ready > 0 then groups_back(q, to.ready, now) end
  if q.parked and group_of_any(q) == '2' then lanes_free_keys(q.base, to.unstarted) end
  lanes_put(q, to.lanes)
  settle_unstarted(q, to.unstarted)
  redis.call('HDEL', q.running, unpack(ids))
  q.bare, q.plain = false, false
  if #to.back > 0 then events_add(q.events, q.kept, 'released', to.back) end
  if #to.suspended > 0 then events_add(q.events, q.kept, 'suspended', to.suspended) end
  if #to.parents > 0 then events_add(q.events, q.kept, 'waiting_children', to.parents) end
  return after
end

-- Errors of failed attempts: how many to keep of each job, n, then n pairs id, error.
local function settle_errors(q, args, at)
  local newest, n = tonumber(args[at]), tonumber(args[at + 1])
  for i = at + 2, at + 2 * n, 2 do
    local list = q.base .. 'errors:' .. args[i]
    redis.call('LPUSH', list, args[i + 1])
    redis.call('LTRIM', list, 0, newest - 1)
    redis.call('SADD', q.listed, args[i])
    q.plain = false
  end
  return at + 2 + 2 * n
end

-- What is left to remove or to cancel, after the effects.
local function settle_clear(q, now)
  for _, purge in ipairs(q.purges) do
    columns_purge(q, purge.ids, purge.from, purge.to)
  end
  for _, trim in ipairs(q.trims) do
    retention_trim(q, trim, now)
  end
  cancels_end(q, q.running, now)
end
