-- wish: what a job waits for that is suspended; see lib/suspend.lua.

-- The signals for which a job of this score in `delayed` waits, as text; nil if it isn't suspended.
local function wish_of(base, id, score)
  local wish = redis.call('HGET', base .. 'steps:' .. id, '@')
  local due, names = string.match(wish or '', '^(%d+) ?(.*)$')
  if due and tonumber(due) == tonumber(score) then return names end
end

-- Whether it waits for its children, whose end alone lets it go on.
local function wish_is_for_children(names)
  return string.find('\n' .. names, '\nchildren ', 1, true) ~= nil
end

-- A suspended job is due at another time, and then what it waited for until `score` is over, or
-- until when it was due before it was moved first.
local function wish_move(base, id, names, score, due)
  local steps = base .. 'steps:' .. id
  local over = math.max(tonumber(score), tonumber(redis.call('HGET', steps, '!') or 0))
  redis.call('HSET', steps, '@', string.format('%.0f', due) .. ' ' .. names, '!',
    string.format('%.0f', over))
end
