-- walk: places in a set, which stay where they are when the job that stood there has gone, and the
-- records of jobs that a walk has come to.

-- How many members of a set stand before this place, or at it. Many may have one score: the place
-- among them is found by halves.
local function walk_behind(set, score, id)
  local low = redis.call('ZCOUNT', set, '-inf', '(' .. score)
  local high = redis.call('ZCOUNT', set, '-inf', score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if order_before(id, redis.call('ZRANGE', set, middle, middle)[1]) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

-- The records of these jobs, if they are wanted; false for one that is gone. If not all go into one
-- answer, the ids of the others are dropped.
local function walk_records(q, ids, wanted)
  if wanted ~= '1' then
    return {}
  end
  fit_begin(q, redis.call('HGET', q.meta, 'largest'), #ids)
  if not q.sized then
    return redis.call('HMGET', q.jobs, unpack(ids))
  end
  fit_drop(q, ids)
  local records = {}
  for i, each in ipairs(ids) do
    records[i] = q.records[each]
  end
  return records
end
