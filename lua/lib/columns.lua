-- columns: what a queue keeps of a job beside the sets for its state.

-- Removes the errors, logs and steps of ids. Only ids in the sparse set `listed` have any.
local function columns_purge_lists(listed, base, ids, first, last)
  local lists = {}
  for i = first, last do
    lists[#lists + 1] = base .. 'errors:' .. ids[i]
    lists[#lists + 1] = base .. 'logs:' .. ids[i]
    lists[#lists + 1] = base .. 'steps:' .. ids[i]
  end
  children_end(base, ids, first, last, true)
  redis.call('UNLINK', unpack(lists))
  redis.call('SREM', listed, unpack(ids, first, last))
end

-- In most queues a job has a record and, once it has ended, an outcome, and nothing else: q.plain. In
-- many of them no job is delayed, and none has effects on other queues: q.bare.
local function columns_look(q)
  q.bare = redis.call('EXISTS', q.delayed, q.outbox, q.uniques, q.priority, q.attempts, q.stalls,
    q.misses, q.progress, q.listed, q.base .. 'lanes', q.base .. 'pools', q.base .. 'tags',
    q.base .. 'group_of', q.base .. 'keys_of') == 0
  q.plain = q.bare or redis.call('EXISTS', q.uniques, q.priority, q.attempts, q.stalls, q.misses,
    q.progress, q.listed, q.base .. 'pools', q.base .. 'tags', q.base .. 'group_of',
    q.base .. 'keys_of') == 0
end

-- Removes ids[first..last] from all columns. c: jobs, outcomes, priority, attempts, stalls, misses,
-- progress, listed, uniques, base; and plain, if the caller knows that only `jobs` has them and that
-- none waits in a lane.
local function columns_purge(c, ids, first, last)
  first, last = first or 1, last or #ids
  if last < first then
    return
  end
  redis.call('HDEL', c.jobs, unpack(ids, first, last))
  if c.plain then
    return
  end
  -- Most queues have no sparse column, and are done here.
  if redis.call('EXISTS', c.uniques, c.outcomes, c.priority, c.attempts, c.stalls, c.misses,
    c.progress, c.listed, c.base .. 'lane_of', c.base .. 'pools', c.base .. 'tags',
    c.base .. 'group_of', c.base .. 'keys_of') == 0 then
    return
  end
  lanes_leave(c.base, ids, first, last)
  if lanes_free(c.base, ids, first, last) then wake_one(c.base .. 'wake') end
  pools_leave(c.base, ids, first, last)
  unique_free(c.uniques, c.base, ids, first, last, true)
  for _, column in ipairs({ c.outcomes, c.priority, c.attempts, c.stalls, c.misses, c.progress,
    c.base .. 'group_of', c.base .. 'keys_of' }) do
    if redis.call('EXISTS', column) == 1 then
      redis.call('HDEL', column, unpack(ids, first, last))
    end
  end
  local tags = c.base .. 'tags'
  local more = redis.call('EXISTS', c.listed, tags)
  if more > 0 and redis.call('EXISTS', tags) == 1 then
    tags_leave(c.base, ids, first, last)
    more = more - 1
  end
  if more > 0 then columns_purge_lists(c.listed, c.base, ids, first, last) end
end
