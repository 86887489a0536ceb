-- flow: a flow that runs, from its start to its end. lib/home.lua says what stands of it.
--
-- w: base, key, name (of its key), state, left, root, now, and what its records and its outcomes cost:
-- see FLOW_UNIT.

-- A flow that has ended is kept among so many.
local FLOW_KEPT = 10000

-- Keys that expire are freed at a stroke, which takes long if they are large: one with more nodes is
-- removed by its home's workers when its time is up, as deadlines are looked after. If there are none
-- it expires so many ms later.
local FLOW_LARGE, FLOW_LATE = 5000, 600000

-- A call does so much work that 500 records of so many bytes are as much as it does: see lib/flowing.lua.
-- Larger ones cost as many times more, by the largest of the flow; and so do outcomes that are read.
local FLOW_UNIT = 2048

-- A flow that was started, or waits for being started; nil if there is none.
local function flow_open(base, key, now)
  local name = home_flow(base, key)
  local found = redis.call('HMGET', name, 'state', 'left', 'root', 'parent', 'largest', 'widest')
  return found[1] and {
    base = base, key = key, name = name, state = found[1], left = tonumber(found[2]),
    root = found[3], parent = found[4], now = now,
    cost = math.max(1, (tonumber(found[5]) or 0) / FLOW_UNIT),
    read_cost = math.max(1, (tonumber(found[6]) or 0) / FLOW_UNIT),
  }
end

-- Notes how large outcomes are, if one of these is the largest.
local function flow_measure(w, fresh)
  local widest = w.read_cost * FLOW_UNIT
  for i = 2, #fresh, 2 do
    widest = math.max(widest, #fresh[i])
  end
  if widest > w.read_cost * FLOW_UNIT then
    w.read_cost = widest / FLOW_UNIT
    redis.call('HSET', w.name, 'widest', string.format('%.0f', widest))
  end
end

-- Something is to be done for it; by `push`, as the last thing unless that is LPUSH.
local function flow_work(w, item, push)
  -- As long as there is work for it, it stands in the line.
  if redis.call(push or 'RPUSH', w.name .. ':work', item) == 1 then
    redis.call('ZADD', w.base .. 'flowing', w.now, w.key)
  end
end

-- Notes a field, unless it is there.
local function flow_note(w, field, value)
  if redis.call('HEXISTS', w.name, field) == 0 then redis.call('HSET', w.name, field, value) end
end

-- So many nodes have ended as `kind`.
local function flow_count(w, kind, n)
  w.left = redis.call('HINCRBY', w.name, 'left', -n)
  redis.call('HINCRBY', w.name, kind, n)
end

-- Sends a job that follows from the flow as a whole, once.
local function flow_follow(w, what)
  local text = redis.call('HGET', w.name, what)
  if text then
    local queue, priority, record = string.match(text, '^(%S+) (%S+) (.*)$')
    redis.call('HDEL', w.name, what)
    outbox_put(w.base, queue, w.key .. '.' .. what, priority, record)
  end
end

-- Says in the events of the home what happened.
local function flow_event(w, kind, text)
  events_say(w.base .. 'events', redis.call('HGET', w.base .. 'meta', 'events'), kind, text)
end

-- Whoever waits for the flow looks at it.
local function flow_say(w)
  flow_event(w, 'flow', w.key)
end

-- Its home's workers look after it at this time.
local function flow_tick(base, key, time, now)
  local meta, ticks = base .. 'meta', base .. 'ticks'
  local before = redis.call('HGET', meta, 'ticks')
  redis.call('ZADD', ticks, time, 'flow ' .. key)
  local head = ticks_note(meta, ticks)
  if not before or tonumber(head) < tonumber(before) then
    redis.call('DEL', base .. 'ticking')
    wake_at(base .. 'wake', tonumber(head), now)
  end
end

-- It expires after so many ms; with '-' it doesn't any more.
local function flow_expire(base, key, time, now)
  local name = home_flow(base, key)
  local found = redis.call('HMGET', name, 'nodes', 'until')
  if time == '-' then
    if found[2] then
      redis.call('HDEL', name, 'until')
      home_forget_deadline(base, key)
    end
  elseif tonumber(found[1] or 0) > FLOW_LARGE then
    local gone = string.format('%.0f', now + time)
    redis.call('HSET', name, 'until', gone)
    flow_tick(base, key, gone, now)
    time = time + FLOW_LATE
  end
  home_expire(name, HOME_PARTS, time)
end

-- It has ended and expires, and the flows within it with it. What is left of those whose time was up
-- goes as well, and the one that ended first if there are too many.
local function flow_keep(w)
  local kind = w.state == 'completed' and 'keep' or 'keep_failed'
  local time = tonumber(redis.call('HGET', w.name, kind)) or 0
  local ended, kept = w.base .. 'flows:ended', w.base .. 'flows:kept'
  redis.call('ZADD', ended, string.format('%.0f', w.now), w.key)
  redis.call('ZADD', kept, string.format('%.0f', w.now + time), w.key)
  if redis.call('EXISTS', w.name .. ':inner') == 1 then flow_work(w, 'q 0 ' .. time) end
  flow_expire(w.base, w.key, time, w.now)
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', kept, '-inf', w.now, 'LIMIT', 0, 10)) do
    home_remove(w.base, key)
  end
  if redis.call('ZCARD', ended) > FLOW_KEPT then
    home_remove(w.base, redis.call('ZRANGE', ended, 0, 0)[1])
  end
end

-- What hasn't begun is dropped, and what runs is told to end. Then pairs of a field and its value: why.
local function flow_cancel(w, ...)
  w.state = 'cancelling'
  redis.call('HSET', w.name, 'state', w.state, ...)
  flow_work(w, 'k 0 + -')
end

-- The root, or a member of it, has failed: what hasn't begun is needed by nobody.
local function flow_fail(w, cause, policy)
  flow_note(w, 'root_failed', cause)
  -- All of one that is being cancelled is dropped anyway.
  local one = policy == 'f' or redis.call('HGET', w.name, 'many') ~= '1'
  if one and w.state ~= 'cancelling' then
    flow_work(w, 'k 0 - ' .. cause)
  end
end

-- One that has ended runs again: see lib/revival.lua.
local function flow_revive(w, from)
  flow_expire(w.base, w.key, '-', w.now)
  if redis.call('EXISTS', w.name .. ':inner') == 1 then flow_work(w, 'q 0 -') end
  home_revived(w.base, w.key)
  w.state = 'running'
  redis.call('HSET', w.name, 'state', w.state, 'revival', '1')
  redis.call('HDEL', w.name, 'ended', 'cause', 'root_failed', 'late', 'why', 'deadline')
  w.left = redis.call('HINCRBY', w.name, 'left', 1)
  flow_work(w, 'v 0 n1 ' .. from, 'LPUSH')
end

-- How the flow ends when none of its nodes is left.
local function flow_verdict(w)
  if w.state == 'cancelling' then
    return redis.call('HEXISTS', w.name, 'late') == 1 and 'failed' or 'cancelled'
  end
  if w.root ~= '' then
    return redis.call('HEXISTS', w.name, 'root_failed') == 1 and 'failed' or 'completed'
  end
  local found = redis.call('HMGET', w.name, 'failed', 'cancelled', 'ignored')
  local bad = (tonumber(found[1]) or 0) + (tonumber(found[2]) or 0) - (tonumber(found[3]) or 0)
  return bad > 0 and 'failed' or 'completed'
end

-- What a flow's end is to the one that it is a node of: a kind, as of an outcome.
local FLOW_ENDS = { completed = 0, failed = 1, cancelled = 3 }

-- The job that waits for it, if one does, and the signal that it waits for.
local function flow_job(w)
  local job, signal = string.match(w.parent or '', '^=(%S+) (.*)$')
  if job and home_is_child(w.base, w.key, job) then return job, signal end
end

-- Tells the flow that this one is a node of, or the job that waits for it. Answers whether it is kept
-- as long as that.
local function flow_tell(w)
  if string.byte(w.parent) == 61 then
    local job, signal = flow_job(w)
    if job then post_any(w.base, job, signal, 'm\192') end
    return job ~= nil
  end
  local key, member = string.match(w.parent, '^(%w+)%.(.*)$')
  local outer = flow_open(w.base, key, w.now)
  if outer then flow_work(outer, 'o ' .. member .. ' ' .. FLOW_ENDS[w.state]) end
  return true
end

-- Ends the flow if all its nodes have ended.
local function flow_end(w)
  if w.left > 0 or (w.state ~= 'running' and w.state ~= 'cancelling') then
    return
  elseif redis.call('EXISTS', w.name .. ':work') == 1 then
    -- A root of none may have to fail yet.
    return
  end
  w.state = flow_verdict(w)
  redis.call('HSET', w.name, 'state', w.state, 'ended', string.format('%.0f', w.now))
  flow_follow(w, 'complete')
  if w.state == 'completed' then flow_follow(w, 'success') end
  flow_say(w)
  if redis.call('HEXISTS', w.name, 'deadline') == 1 then home_forget_deadline(w.base, w.key) end
  if not (w.parent and flow_tell(w)) then flow_keep(w) end
end

-- Notes when the flow must have ended, if it must: after so many ms, or at a time. Its workers fire it as
-- they fire ticks.
local function flow_deadline(base, key, time, deadline, now)
  if time then
    deadline = string.format('%.0f', now + time)
    redis.call('HSET', home_flow(base, key), 'deadline', deadline)
  end
  if deadline then flow_tick(base, key, deadline, now) end
end

-- Starts a flow that was staged and waits for its turn as a node of another: `parent` is that one's
-- key and the member.
local function flow_begin(base, key, parent, now)
  local name = home_flow(base, key)
  local found = redis.call('HMGET', name, 'state', 'groups', 'time', 'deadline')
  if found[1] ~= 'held' then
    return
  end
  redis.call('HSET', name, 'state', 'running', 'parent', parent)
  flow_deadline(base, key, found[3], found[4], now)
  local w = flow_open(base, key, now)
  if found[2] ~= '0' then flow_work(w, 'b 0') end
  flow_end(w)
end
