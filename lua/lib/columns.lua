-- columns: all that a queue keeps of a job outside the sets that say where it is.

-- Error and log lists of ids; only ids in the sparse set `traces` have any.
local function columns_purge_traces(traces, base, ids, first, last)
  local lists = {}
  for i = first, last do
    lists[#lists + 1] = base .. 'errors:' .. ids[i]
    lists[#lists + 1] = base .. 'logs:' .. ids[i]
  end
  redis.call('UNLINK', unpack(lists))
  redis.call('SREM', traces, unpack(ids, first, last))
end

-- Removes every trace of ids[first..last]. c: jobs, outcomes, priority, attempts, stalls, misses,
-- progress, traces, uniques, base.
local function columns_purge(c, ids, first, last)
  first, last = first or 1, last or #ids
  if last < first then
    return
  end
  redis.call('HDEL', c.jobs, unpack(ids, first, last))
  unique_release(c.uniques, c.base, ids, first, last)
  if redis.call('EXISTS', c.outcomes, c.priority, c.attempts, c.stalls, c.misses, c.progress) > 0 then
    redis.call('HDEL', c.outcomes, unpack(ids, first, last))
    redis.call('HDEL', c.priority, unpack(ids, first, last))
    redis.call('HDEL', c.attempts, unpack(ids, first, last))
    redis.call('HDEL', c.stalls, unpack(ids, first, last))
    redis.call('HDEL', c.misses, unpack(ids, first, last))
    redis.call('HDEL', c.progress, unpack(ids, first, last))
  end
  if redis.call('EXISTS', c.traces) == 1 then
    columns_purge_traces(c.traces, c.base, ids, first, last)
  end
end
