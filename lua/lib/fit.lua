-- fit: how many of some jobs fit into the answer, by the size of their records. One that takes too
-- long is lost; what it brought comes again, and is lost again.

-- An answer has no more bytes of records than this, unless a single one has.
local FIT_MOST = 1048576

-- How many records are read at once as long as it is only guessed that they fit.
local FIT_STEP = 16

-- q.bytes: how many are in the answer; q.sized: whether so many records could be too large together.
local function fit_begin(q, largest, most)
  q.bytes, q.largest = 0, tonumber(largest)
  q.sized = largest and q.largest * most > FIT_MOST
end

-- Answers how many of `ids` fit, and keeps their records in `q.records`. They are read a few at a
-- time, as the size of the last ones suggests: what is read must fit the answer, and not what waits.
local function fit_first(q, ids)
  q.records = q.records or {}
  local from, mean = 1, q.largest
  while from <= #ids do
    local room = math.max(0, FIT_MOST - q.bytes)
    local sure, likely = math.floor(room / q.largest), math.floor(room / mean)
    local to = math.min(#ids, from - 1 + math.max(1, sure, math.min(likely, FIT_STEP)))
    local before = q.bytes
    for i, record in ipairs(redis.call('HMGET', q.jobs, unpack(ids, from, to))) do
      local size = record and #record or 0
      if q.bytes > 0 and q.bytes + size > FIT_MOST then
        return from + i - 2
      end
      q.bytes, q.records[ids[from + i - 1]] = q.bytes + size, record
    end
    mean = math.max(1, (q.bytes - before) / (to - from + 1))
    from = to + 1
  end
  return #ids
end

-- Drops those of `ids` that don't fit, and answers whether there are any.
local function fit_drop(q, ids)
  local n = #ids
  for i = n, (q.sized and fit_first(q, ids) or n) + 1, -1 do
    ids[i] = nil
  end
  return #ids < n
end
