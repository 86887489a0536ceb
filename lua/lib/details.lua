-- details: what comes along with the ids of jobs that are handed out.

-- What a run needs: the records, then three sparse columns, each false if no job has a value.
local function details_of(q, ids)
  if #ids == 0 then
    return {}, false, false, false
  end
  local records = {}
  if q.records then
    for i, id in ipairs(ids) do
      records[i] = q.records[id]
    end
  else
    records = redis.call('HMGET', q.jobs, unpack(ids))
  end
  if q.plain or redis.call('EXISTS', q.attempts, q.stalls, q.misses) == 0 then
    return records, false, false, false
  end
  return records, redis.call('HMGET', q.attempts, unpack(ids)),
    redis.call('HMGET', q.stalls, unpack(ids)), redis.call('HMGET', q.misses, unpack(ids))
end

-- What the caller should know of the queue, as pairs of a word and a value.
local function details_queue(more, dead_letter, ticks)
  if dead_letter then more[#more + 1], more[#more + 2] = 'dead_letter', dead_letter end
  if ticks then more[#more + 1], more[#more + 2] = 'ticks', ticks end
end
