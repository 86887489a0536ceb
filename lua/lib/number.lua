-- number: what settings must be. One that can't be read would stop every later call half-way, so it
-- is refused before it is written.

-- The least value of each setting that is a whole number. 2^53 is the most that Lua holds exactly.
local NUMBER_LEAST = {
  active = 0, max_length = 0, events = 0, aging = 1, ttl = 1, keep = -1, keep_ms = -1,
}
local NUMBER_MOST = 9007199254740992

-- Whether a setting can be read. '' and '-' are no value, and other settings are no numbers.
local function number_fits(field, value)
  local least = NUMBER_LEAST[field]
  if value == '' or value == '-' then
    return true
  elseif field == 'rate' then
    local interval, burst = string.match(value, '^([%d.]+) (%d+)$')
    return interval and (tonumber(interval) or 0) > 0 and tonumber(burst) > 0
  elseif least then
    local number = string.match(value, '^-?%d+$') and tonumber(value)
    return number and number >= least and number <= NUMBER_MOST
  end
  return true
end

-- The refusal of a setting that can't be read; nil for one that can.
local function number_refusal(field, value)
  if not number_fits(field, value) then
    return redis.error_reply('INVALID ' .. field .. ' ' .. value)
  end
end
