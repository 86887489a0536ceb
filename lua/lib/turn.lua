-- turn: at a queue that is held back by its rate or a throttle, one worker looks at the moment at
-- which the next job may start. So one start takes one call, and adds need to wake nobody.
-- q.turn: when it looks, since when it has had the turns, its name.

-- How much later the other workers look, in ms: that one may have died. As long it has the turns
-- before it passes them on.
local TURN_BACKUP = 1000

-- How late it may be, in ms, without another taking its place.
local TURN_LATE = 20

local function turn_read(q)
  local at, since, worker = string.match(q.turn or '', '^(%S+) (%S+) (%S+)$')
  return tonumber(at), tonumber(since), worker
end

-- Whether another worker looks in time.
local function turn_watched(q, now)
  local at, _, worker = turn_read(q)
  return at ~= nil and at + TURN_LATE > now and worker ~= q.worker and worker ~= '-'
end

-- No job may start before `free`: answers when this worker should look.
local function turn_next(q, free, exact)
  local at, since, worker = turn_read(q)
  if worker ~= q.worker then
    if at and at + TURN_LATE > exact and at <= free and lease_held(q.workers, worker) then
      return free + TURN_BACKUP
    end
    since = exact
  end
  q.turn = string.format('%.3f %.3f ', free, since) .. q.worker
  redis.call('HSET', q.meta, 'turn', q.turn)
  return free
end

-- This worker looks only if it is woken: a turn that it had is over. `left`: whether jobs are left
-- that the rate holds back. Then nobody has the turn.
local function turn_end(q, now, left)
  local at, _, worker = turn_read(q)
  if worker ~= q.worker and (not at or at + TURN_BACKUP > now) then
    return
  elseif left then
    redis.call('HSET', q.meta, 'turn', string.format('%.3f %.3f -', now, now))
  else
    redis.call('HDEL', q.meta, 'turn')
  end
  q.turn = nil
end

-- A worker that took jobs, and has had the turns for a while, gives them to the next: so they share
-- the jobs. Answers whether it does.
local function turn_pass(q, exact)
  local _, since, worker = turn_read(q)
  if worker ~= q.worker or exact - since < TURN_BACKUP or redis.call('ZCARD', q.workers) < 2 then
    return false
  end
  q.turn, q.passes_turn = nil, true
  redis.call('HDEL', q.meta, 'turn')
  return true
end
