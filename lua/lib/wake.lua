-- wake: a list with at most one token, on which idle workers block. Whoever makes something due
-- sooner, or makes room for it, puts the token there: the worker that takes it looks, and knows then
-- until when it may sleep.

-- Idle workers look by themselves this often, in ms. So they find in time what falls due later.
local WAKE_SLEEP = 5000

local function wake_one(wake)
  if redis.call('EXISTS', wake) == 0 then
    redis.call('LPUSH', wake, '1')
  end
end

-- Something falls due at `at` that the workers don't know of.
local function wake_at(wake, at, now)
  if at <= now + WAKE_SLEEP then wake_one(wake) end
end

-- A worker looks no more. Another must, if a job waits, or if one falls due, expires or is to be
-- taken back while the others sleep. q: waiting, delayed, expiring, workers, wake.
local function wake_successor(q, now)
  local soon = string.format('%.1f', now + WAKE_SLEEP + 0.5)
  if redis.call('EXISTS', q.waiting) == 1
    or redis.call('ZCOUNT', q.delayed, '-inf', soon) > 0
    or redis.call('ZCOUNT', q.expiring, 0, soon) > 0
    or redis.call('ZCOUNT', q.workers, '-inf', soon) > 0 then
    wake_one(q.wake)
    return 1
  end
  return 0
end

-- Whether a worker looks at the moment at which the next job may start: see lib/turn.lua.
local function wake_watched(turn, now)
  return tonumber(string.match(turn, '^%S+')) > now
end
