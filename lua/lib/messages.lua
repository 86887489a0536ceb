-- messages: what a topic keeps of what was published, for bindings that start in the past.

local function messages_keep(messages, id, priority, record)
  redis.call('XADD', messages, '*', 'id', id, 'priority', priority, 'record', record)
end

-- Trims to `count` messages (-1: no limit) that are at most `age` ms old (-1: no limit).
local function messages_trim(messages, count, age)
  if count ~= '-1' then redis.call('XTRIM', messages, 'MAXLEN', '~', count) end
  if age and age ~= '-1' then
    local oldest = string.format('%.0f', math.max(0, clock_now() - tonumber(age)))
    redis.call('XTRIM', messages, 'MINID', '~', oldest)
  end
end
