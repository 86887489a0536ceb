-- number: what settings must be. One that can't be read would stop every later call half-way, so it
-- is refused before it is written.

-- The least value of each setting that is a whole number. 2^53 is the most that Lua holds exactly.
local NUMBER_LEAST = {
  active = 0, max_length = 0, events = 0, aging = 1, ttl = 1, keep = -1, keep_ms = -1,
}
local NUMBER_MOST = 9007199254740992

-- The refusal of a setting that can't be read; nil for one that can, and for no value: '' or '-'.
local function number_refusal(field, value)
  local fine = value == '' or value == '-'
  if field == 'rate' and not fine then
    local interval, burst = string.match(value, '^([%d.]+) (%d+)$')
    fine = interval and (tonumber(interval) or 0) > 0 and tonumber(burst) > 0
  elseif NUMBER_LEAST[field] and not fine then
    local number = string.match(value, '^-?%d+$') and tonumber(value)
    fine = number and number >= NUMBER_LEAST[field] and number <= NUMBER_MOST
  end
  if not fine and (field == 'rate' or NUMBER_LEAST[field]) then
    return redis.error_reply('INVALID ' .. field .. ' ' .. value)
  end
end
