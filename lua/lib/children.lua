-- children: flows that jobs wait for, in the HASH {q}:children: a job's id → the keys of its flows, each
-- with a space behind it. They stand for as long as the job does. When it ends without a result, those
-- that run are cancelled. The flows hear of it as work: see lib/flowing.lua. Those jobs that wait for
-- them just now are in {q}:waiting-children: see lib/suspend.lua.

-- These jobs have ended, or are `gone`, and their flows with them.
local function children_end(base, ids, first, last, gone)
  local children, told = base .. 'children', false
  if redis.call('EXISTS', children) == 0 then
    return
  end
  redis.call('ZREM', base .. 'waiting-children', unpack(ids, first, last))
  for i, keys in ipairs(redis.call('HMGET', children, unpack(ids, first, last))) do
    for key in string.gmatch(keys or '', '%S+') do
      if redis.call('EXISTS', base .. 'flow:' .. key) == 1 then
        redis.call('RPUSH', base .. 'flow:' .. key .. ':work', 'l 0')
        redis.call('ZADD', base .. 'flowing', 0, key)
        told = true
      end
    end
    if keys and gone then redis.call('HDEL', children, ids[first + i - 1]) end
  end
  -- Whoever relays the outbox does that work.
  if told and redis.call('XLEN', base .. 'outbox') == 0 then
    redis.call('XADD', base .. 'outbox', '*', 'to', '', 'id', '-', 'priority', 0, 'record', '')
  end
end
