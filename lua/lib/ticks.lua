-- ticks: when schedules are due. Workers read the first of them, meta.ticks, along with all else.

-- A worker that looks after the ticks has this many ms to fire one before others look.
local TICKS_BACKUP = 1000

-- Notes which tick is the first, and answers it; nil if there is none.
local function ticks_note(meta, ticks)
  local head = redis.call('ZRANGE', ticks, 0, 0, 'WITHSCORES')[2]
  if head then
    redis.call('HSET', meta, 'ticks', head)
  else
    redis.call('HDEL', meta, 'ticks')
  end
  return head
end

-- This worker looks after the ticks until the first is over.
local function ticks_claim(ticking, name, head, now)
  local ms = math.max(0, (tonumber(head or 0)) - now) + TICKS_BACKUP
  redis.call('SET', ticking, name, 'PX', string.format('%.0f', ms))
end
