-- clock: the server's own time, the only one that orders anything.

-- The time in whole milliseconds, and with its fraction.
local function clock_now()
  local time = redis.call('TIME')
  local exact = time[1] * 1000 + time[2] / 1000
  return math.floor(exact), exact
end
