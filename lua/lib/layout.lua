-- layout: no script touches a queue of another layout version.

local LAYOUT = '2'

-- The refusal, or nil. `found` is the queue's version; false if none is written yet.
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
