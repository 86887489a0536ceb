-- topic: what publishers know of a topic, and by what they notice that it has changed.

-- The version is a time, so that it differs even after the topic was removed and made again.
local function topic_changed(topic)
  local version = math.max(clock_now(), tonumber(redis.call('HGET', topic, 'version') or 0) + 1)
  redis.call('HSET', topic, 'version', string.format('%.0f', version))
end
