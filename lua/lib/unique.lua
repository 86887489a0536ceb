-- unique: a key that stands for at most one job at a time.

-- Frees the keys of jobs that end or are removed. Keys that expire aren't in the sparse column.
local function unique_release(uniques, base, ids, first, last)
  if redis.call('EXISTS', uniques) == 0 then
    return
  end
  first, last = first or 1, last or #ids
  local keys = redis.call('HMGET', uniques, unpack(ids, first, last))
  for i, key in ipairs(keys) do
    if key then
      local name = base .. 'unique:' .. key
      if redis.call('GET', name) == ids[first + i - 1] then
        redis.call('DEL', name)
      end
    end
  end
  redis.call('HDEL', uniques, unpack(ids, first, last))
end
