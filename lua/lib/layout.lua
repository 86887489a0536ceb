-- layout: no script touches a queue that another layout version wrote.

local LAYOUT = '1'

-- The refusal, or nil. `found` is the queue's own version; false if nobody has written it yet.
local function layout_refusal(found)
  if found and found ~= LAYOUT then
    return redis.error_reply('LAYOUT ' .. found .. ' ' .. LAYOUT)
  end
end

local function layout_check(meta)
  return layout_refusal(redis.call('HGET', meta, 'layout'))
end

-- Writes the version on the first write to a queue.
local function layout_mark(meta, found)
  if not found then
    redis.call('HSET', meta, 'layout', LAYOUT)
  end
end
