-- walk: places in a set, which stay where they are when the job that stood there has gone.

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
