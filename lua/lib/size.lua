-- size: how large the records of a queue are.

-- Of records up to this size, as many as a call may ask for go into one answer: see lib/fit.lua.
local SIZE_SMALL = 1024

-- Notes the size of the largest record as `meta.largest`, unless all are small.
local function size_note(meta, largest, size)
  if size > SIZE_SMALL and size > tonumber(largest or 0) then
    redis.call('HSET', meta, 'largest', size)
  end
end

-- The size of the largest of n records, which are every other argument from `at` on.
local function size_largest(args, at, n)
  local largest = 0
  for i = at, at + 2 * (n - 1), 2 do
    local size = #args[i]
    if size > largest then largest = size end
  end
  return largest
end
