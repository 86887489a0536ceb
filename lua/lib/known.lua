-- known: calls that make no queue, and refuse one that doesn't exist.

local function known_refusal(found)
  if not found then
    return redis.error_reply('NOQUEUE the queue does not exist')
  end
  return layout_refusal(found)
end
