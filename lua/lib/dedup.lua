-- dedup: what becomes of a job to add whose unique key another has. The mode of its rule says it:
-- '': the other stands for it. 'r': it replaces the other, unless that is active. 'k': it replaces
-- the other, or runs after it if that is active. 'd': besides, the delay begins anew.

-- Reads the rule of a special job's unique key: its mode, and of 'd' the longest wait in ms.
local function dedup_rule(special)
  local mode, longest = string.match(special.rule, '^%d+u?([rkd]?)(%d*)$')
  special.mode, special.longest = mode, tonumber(longest)
end

-- When a job is due in ms, by its due as the caller writes it: not after `latest`, and not in the past.
local function dedup_due(due, latest, now)
  local at = tonumber(due) or 0
  if string.sub(due, 1, 1) == '+' then at = now + at end
  return math.max(now, math.min(at, latest or at))
end

-- The job that has a key, and where it is: waiting, delayed, active, or nil once it has ended. A job
-- of its id that has another key since was added anew: the one that had this key has ended.
local function dedup_holder(q, name, key)
  local value = redis.call('GET', name)
  if not value then
    return nil
  end
  local id, latest, successor = string.match(value, '^(%S+) ?(%S*) ?%d* ?(%S*)$')
  local holder = { id = id, latest = tonumber(latest) }
  if redis.call('ZSCORE', q.waiting, id) then
    holder.place = 'waiting'
  elseif redis.call('ZSCORE', q.delayed, id) then
    holder.place = 'delayed'
  elseif unfinished(q, id) then
    holder.place = 'active'
  end
  -- What has recorded steps is under way, also while it waits: no other may take its place.
  if holder.place and redis.call('EXISTS', q.base .. 'steps:' .. id) == 1 then
    holder.place = 'active'
  end
  local has = holder.place and redis.call('HGET', q.uniques, id)
  if has and has ~= key then holder.place = nil end
  if holder.place and redis.call('ZSCORE', q.delayed, successor) == UNIQUE_PARKED then
    holder.next = successor
  end
  return holder
end

-- What becomes of a job: nil if the key is free. Else `id`, the job that has to do with it, and
-- `how`: '' it stands for it, 'r' it is replaced, 'e' it is replaced and its delay begins anew, 'n'
-- it is the one after which it runs. q.holders has the keys that the batch has met.
local function dedup_meet(q, special, name, id)
  local holder, mode = q.holders[name], special.mode
  if holder == nil then
    holder = dedup_holder(q, name, special.key)
    q.holders[name] = holder or { id = id, due = special.due, longest = special.longest }
    if not holder then return nil end
  end
  if holder.due then
    -- It is of this batch, so it isn't there yet.
    local now = clock_now()
    holder.place = dedup_due(holder.due, nil, now) > now and 'delayed' or 'waiting'
    holder.latest = holder.longest and now + holder.longest
  end
  local runs = holder.place == 'active' and not holder.next
  if mode == '' or not holder.place or (mode == 'r' and runs) then
    return { how = '', id = holder.id }
  elseif runs then
    holder.next = id
    special.from, special.due, special.holder = special.due, UNIQUE_PARKED, holder.id
    return { how = 'n', id = holder.id }
  end
  -- The one with the newest payload runs last.
  local anew = mode == 'd' and (holder.next or holder.place == 'delayed')
  return { how = anew and 'e' or 'r', id = holder.next or holder.id, latest = holder.latest }
end

-- Makes the successor of an active job known, under the key that both have.
local function dedup_park(q, special, name, id, now)
  local latest = special.longest and string.format('%.0f', now + special.longest) or '-'
  local due = string.format('%.0f', dedup_due(special.from, nil, now))
  redis.call('SET', name, table.concat({ special.holder, latest, due, id }, ' '))
  redis.call('HSET', q.uniques, special.holder, special.key, id, special.key)
end

-- The delay of a job begins anew. Answers when it is due, and whether a worker should know.
local function dedup_delay(q, special, name, meet, now)
  local id, score = meet.id, redis.call('ZSCORE', q.delayed, meet.id)
  local due = dedup_due(special.due, meet.latest, now)
  if score == UNIQUE_PARKED then
    local head, latest = string.match(redis.call('GET', name), '^(%S+ (%S+)) ')
    due = dedup_due(special.due, tonumber(latest), now)
    redis.call('SET', name, head .. ' ' .. string.format('%.0f', due) .. ' ' .. id)
  elseif score then
    return due, due_delay(q, { string.format('%.0f', due), id }, due, now)
  end
  return due, false
end

-- A job that has become another has its priority, and its group: then it has a new turn.
local function dedup_place(q, id, priority, record, former, now)
  local score, group = redis.call('ZSCORE', q.waiting, id), former and group_of_record(record)
  if not former or (former.group or nil) == group then
    if former then group_of_keep(q, id, group, former.since, record) end
    return reprioritize(q, id, priority, score, now)
  end
  if score then
    groups_yield(q, { id }, { former.group })
    redis.call('ZREM', q.waiting, id)
  end
  lanes_leave(q.base, { id })
  if lanes_free(q.base, { id }) then wake_one(q.base .. 'wake') end
  redis.call('HDEL', q.base .. 'group_of', id)
  group_of_note(q, { [id] = group or false }, true)
  reprioritize(q, id, priority, nil, now)
  if score then groups_ready(q, { rank_text(priority, q.step, now), id }, { priority }, now) end
end

-- A job that waits for a key goes back to where it was: it may have other keys from now on.
local function dedup_return(q, id, now)
  local lane = redis.call('HGET', q.base .. 'lane_of', id)
  if not lane or string.byte(lane) ~= 1 then
    return
  end
  local rank = redis.call('ZSCORE', q.base .. 'lane:' .. lane, id)
  groups_ready(q, { rank, id }, { redis.call('HGET', q.priority, id) or 0 }, now, true)
  lanes_leave_lanes(q.base, { id }, 1, 1)
end

-- A job that waits becomes another: record, priority, time to live. Nothing is left of its attempts.
-- Answers whether it is due sooner than the workers know; q.expires says whether one expires sooner.
local function dedup_replace(q, special, name, meet, record, ttl, now)
  local id, due, look = meet.id, now, false
  local former
  if q.grouped or q.named then
    local of, since = group_of_ids(q, { id })
    former = { group = of[1], since = since[1] }
  end
  if q.grouped or q.heads then
    dedup_return(q, id, now)
    keys_of_change(q, id, record)
  end
  redis.call('HSET', q.jobs, id, record)
  if q.tagged then tags_leave(q.base, { id }, 1, 1) end
  for _, column in ipairs({ 'attempts', 'stalls', 'misses', 'progress' }) do
    redis.call('HDEL', q.base .. column, id)
  end
  redis.call('UNLINK', q.base .. 'errors:' .. id, q.base .. 'logs:' .. id)
  -- Signals that it has been sent are kept.
  if redis.call('EXISTS', q.base .. 'steps:' .. id) == 0 then redis.call('SREM', q.base .. 'listed', id) end
  dedup_place(q, id, special.priority, record, former, now)
  local score = redis.call('ZSCORE', q.delayed, id)
  if meet.how == 'e' then
    due, look = dedup_delay(q, special, name, meet, now)
  elseif score then
    due = tonumber(score)
  end
  if score == UNIQUE_PARKED then
    due = tonumber(score)
  elseif due ~= dedup_due(special.due, nil, now) then
    tries_due(q.base, id, due)
  end
  if not ttl then
    redis.call('ZREM', q.base .. 'expiring', id)
  else
    local ends = math.max(now, due) + ttl
    q.expires = due_expire(q, { string.format('%.0f', ends), id }, ends, now) or q.expires
  end
  return look
end

-- Carries out what dedup_meet found. Answers whether a worker should look.
local function dedup_write(q, args, specials, ttls, now)
  local look, replaced = false, {}
  for i, special in pairs(specials) do
    local meet = special.meet
    if meet and meet.how == 'n' then
      dedup_park(q, special, q.keys[special.unique], args[4 + 2 * i], now)
    end
  end
  for i = 1, tonumber(args[5]) do
    local special = specials[i]
    local how = special and special.meet and special.meet.how
    if how == 'r' or how == 'e' then
      local record, name = args[5 + 2 * i], q.keys[special.unique]
      look = dedup_replace(q, special, name, special.meet, record, ttls[i] or q.ttl, now) or look
      if q.tags and q.tags[i] then tags_put(q, special.meet.id, q.tags[i]) end
      replaced[#replaced + 1] = special.meet.id
    end
  end
  if #replaced > 0 then events_add(q.events, q.kept, 'replaced', replaced) end
  return look
end
