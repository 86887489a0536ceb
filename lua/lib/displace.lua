-- displace: ticks that cancel the last job of their schedule. Such a tick's overlap is 'c' and the
-- mark of lib/cancels.lua.

-- How many arguments say what becomes of one tick.
local FIRE_STRIDE = 13

-- Where the last jobs of the schedules are that such ticks name: q.places, by id.
local function displace_look(q, known, args)
  local ids = {}
  for i = 1, q.n do
    local at = FIRE_STRIDE * (i - 1) + 4
    local it = known[args[at]]
    if string.byte(args[at + 4]) == 99 and it.last ~= '-' then ids[#ids + 1] = it.last end
  end
  q.places, q.displaced = {}, {}
  if #ids > 0 then
    for i, place in ipairs(whereabouts_of(q, ids)) do
      q.places[ids[i]] = place
    end
  end
end

-- Whether a schedule's last job waits: it makes room for the next one.
local function displace_waits(q, it)
  local place = q.places[it.last]
  return place == 'waiting' or place == 'delayed'
end

-- Notes the last job, if it isn't over, of a schedule that is to add the job of such a tick. There is
-- one such tick of a schedule in a call.
local function displace_note(q, it, tick)
  local place, waits = q.places[it.last], displace_waits(q, it)
  if waits or string.byte(place or '-') == 61 then
    if waits and q.room then q.room = q.room + 1 end
    q.displaced[#q.displaced + 1] = { id = it.last, place = place, tick = tick, waits = waits }
  end
end

-- Those that wait end, before the keys of the new jobs are looked up: theirs may be the same.
local function displace_waiting(q, now)
  -- Redis refuses the script here if it is full.
  if #q.displaced > 0 then redis.call('HSET', q.meta, 'layout', LAYOUT) end
  for _, old in ipairs(q.displaced) do
    if old.waits then
      redis.call('ZREM', q[old.place], old.id)
      cancels_finish(q, { old.id }, string.sub(old.tick.overlap, 2), now)
    end
  end
end

-- Those that run are marked, and their workers told, if the tick has added its job.
local function displace_running(q, letters)
  for _, old in ipairs(q.displaced) do
    if not old.waits and letters[old.tick.index] == '1' then
      local mark = string.sub(old.tick.overlap, 2)
      -- The first to cancel a job says why.
      if redis.call('HEXISTS', q.base .. 'cancels', old.id) == 0 then
        redis.call('HSET', q.base .. 'cancels', old.id, mark)
        redis.call('HSET', q.meta, 'cancelling', '1')
        whereabouts_tell(q.base, { old.place }, { old.id }, mark)
      end
    end
  end
end
