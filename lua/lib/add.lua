-- add: the steps of adding a batch.

-- The special jobs of a batch by index, from the block of ARGV at `at`.
local function add_specials(args, at)
  local specials = {}
  for i = at + 1, at + 6 * tonumber(args[at]), 6 do
    specials[tonumber(args[i])] = {
      priority = tonumber(args[i + 1]), due = args[i + 2], unique = tonumber(args[i + 3]),
      rule = args[i + 4], key = args[i + 5],
    }
    local special = specials[tonumber(args[i])]
    if special.unique > 0 then dedup_rule(special) end
  end
  return specials
end

-- Jobs that exist already: index → the id of the job that exists. And for each job that has to do
-- with another, as a flat list, its index, with a letter of lib/dedup.lua, and the other's id.
local function add_duplicates(q, keys, args, n, specials)
  local duplicates, list, held, seen = {}, {}, {}, {}
  q.holders = {}
  if q.look then
    local ids = {}
    for i = 1, n do
      ids[i] = args[4 + 2 * i]
    end
    held = redis.call('HMGET', q.jobs, unpack(ids))
    for i, id in ipairs(ids) do
      held[i], seen[id] = held[i] or seen[id], true
    end
  end
  for i = 1, n do
    local special, id = specials[i], args[4 + 2 * i]
    local meet = held[i] and { how = '', id = id }
    if not meet and special and special.unique > 0 then
      meet = dedup_meet(q, special, keys[special.unique], id)
      special.meet = meet
    end
    if meet then
      if meet.how ~= 'n' then duplicates[i], q.fresh = meet.id, q.fresh - 1 end
      if meet.how ~= '' then q.meets = true end
      list[#list + 1] = meet.how == '' and i or i .. meet.how
      list[#list + 1] = meet.id
    end
  end
  return duplicates, list
end

-- The answer of a queue that has no room for the fresh jobs; nil if it has. A resend may note it, so
-- it is no error then.
local function add_full(q, args, meta)
  local length = redis.call('ZCARD', q.waiting) + redis.call('ZCARD', q.delayed)
  local cap = meta[5]
  if length + q.fresh <= tonumber(cap) then
    return nil
  end
  if not meta[7] and args[4] ~= '1' then
    return redis.error_reply('QUEUEFULL ' .. cap .. ' ' .. length)
  end
  local room = math.max(0, cap - length)
  return { 0, (meta[7] or 'refuse') .. ' ' .. room .. ' ' .. cap .. ' ' .. (meta[8] or '') }
end

-- The answer of a call that was carried out or refused before, from the text that is kept.
local function add_answer(text)
  local refused = numbered_refused(text)
  if refused then
    return refused
  end
  local full = string.match(text, '^0 (.*)$')
  if full then
    return { 0, full }
  end
  local twin_list = {}
  for index, id in string.gmatch(text, '(%d+%a?) (%S+)') do
    twin_list[#twin_list + 1] = tonumber(index) or index
    twin_list[#twin_list + 1] = id
  end
  return twin_list
end

-- The refusal of a call that could not be carried out. The note of a first try is taken back, since
-- a resend must hear of it as well.
local function add_forget(producer, args, last, problem)
  if args[4] == '1' then
    return numbered_refuse(producer, args[2], args[3], problem)
  elseif last then
    redis.call('SET', producer, last, 'PX', args[3])
  else
    redis.call('DEL', producer)
  end
  return numbered_refusal(problem)
end

-- Writes the event, with the caller's text if all jobs are added, and notes the keys of the jobs. This comes
-- before all else, so that nothing is added if the stream's key has a wrong type.
local function add_tell(q, ids, args, n, duplicates)
  if #ids == n and q.news then
    events_say(q.events, q.kept, 'added', q.news)
  else
    events_add(q.events, q.kept, 'added', ids)
  end
  if q.heads then keys_of_note(q, args, 5, n, duplicates) end
end

-- Writes a batch without special jobs. Most batches are like that.
local function add_plain(q, args, n)
  local rank, ready, ids = rank_text(0, q.step, q.at), {}, {}
  for i = 1, n do
    local id = args[4 + 2 * i]
    ids[i], ready[2 * i - 1], ready[2 * i] = id, rank, id
    if q.order then ready[2 * i - 1] = rank_text(0, q.step, order_next(q.order, id)) end
  end
  add_tell(q, ids, args, n)
  redis.call('HSET', q.jobs, unpack(args, 6, 5 + 2 * n))
  groups_add(q, ready, {}, q.at, q.named, q.noted)
  return true
end

-- Writes records and positions. Answers whether a worker should wake: a job is ready, or due before
-- all others.
local function add_place(q, args, n, specials, duplicates, now)
  if not next(specials) and not next(duplicates) then
    return add_plain(q, args, n)
  end
  local records, ready, delayed, priorities, ids, own, later = {}, {}, {}, {}, {}, {}, {}
  local plain, soonest = rank_text(0, q.step, q.at), nil
  for i = 1, n do
    if not duplicates[i] then
      local id, special = args[4 + 2 * i], specials[i]
      ids[#ids + 1] = id
      records[#records + 1], records[#records + 2] = id, args[5 + 2 * i]
      local priority, due = 0, now
      if special then
        priority = special.priority
        if special.due ~= '' then
          due = tonumber(special.due)
          if string.sub(special.due, 1, 1) == '+' then due = now + due end
        end
        if priority ~= 0 then
          priorities[#priorities + 1], priorities[#priorities + 2] = id, priority
        end
      end
      if due > now then
        special.ms = due
        delayed[#delayed + 1], delayed[#delayed + 2] = due, id
        soonest = math.min(soonest or due, due)
        if q.named then later[id] = q.named[id] end
      else
        local rank = plain
        if q.order or priority ~= 0 then
          rank = rank_text(priority, q.step, q.order and order_next(q.order, id) or q.at)
        end
        ready[#ready + 1], ready[#ready + 2] = rank, id
        own[#ready / 2] = priority
      end
    end
  end
  add_tell(q, ids, args, n, duplicates)
  redis.call('HSET', q.jobs, unpack(records))
  if #ready > 0 then groups_add(q, ready, own, q.at, q.named, q.noted) end
  if q.noted then group_of_note(q, later, true) end
  local sooner = #delayed > 0 and due_delay(q, delayed, soonest, now)
  if #priorities > 0 then redis.call('HSET', q.priority, unpack(priorities)) end
  return sooner or #ready > 0
end

-- The jobs' own times to live, and their tags, from the pairs that begin in ARGV at `at`.
local function add_ttls(q, args, at)
  local ttls = {}
  for i = at, #args, 2 do
    local index, text = tonumber(args[i]), args[i + 1]
    if string.byte(text) == 35 then
      q.tags = q.tags or {}
      q.tags[index] = string.sub(text, 2)
    else
      ttls[index] = text
    end
  end
  return ttls
end

-- Notes when jobs expire: their own time to live, else the queue's, after they are due. Answers
-- whether a worker should know.
local function add_expire(q, args, ttls, specials, duplicates, now)
  local members, soonest = {}, math.huge
  for i = 1, tonumber(args[5]) do
    local ttl = ttls[i] or q.ttl
    if ttl and not duplicates[i] then
      local ends = (specials[i] and specials[i].ms or now) + ttl
      members[#members + 1], members[#members + 2] = string.format('%.0f', ends), args[4 + 2 * i]
      soonest = math.min(soonest, ends)
    end
  end
  return #members > 0 and due_expire(q, members, soonest, now)
end

-- Claims the unique keys, each for its lifetime or for as long as its job exists.
local function add_claim(q, args, specials, duplicates, now)
  for i, special in pairs(specials) do
    if special.unique > 0 and not special.meet and not duplicates[i] then
      local latest = special.longest and now + special.longest
      unique_claim(q, args[4 + 2 * i], special.key, special.rule, latest)
    end
  end
end

-- Writes all that the fresh jobs need, and wakes a worker if one should look.
local function add_write(q, args, n, specials, duplicates)
  local now = clock_now()
  layout_mark(q.meta, q.layout)
  local largest = size_largest(args, 7, n)
  size_note(q.meta, q.largest, largest)
  q.order = q.look and order_read(q.newest, now)
  q.at = q.order and now or order_any(q.meta, q.newest, now)
  -- Ids don't say when jobs are ready whose ranks are ahead of time.
  q.noted = q.look or largest > GROUP_OF_SMALL or q.at ~= now
  if q.named then group_of_note(q, q.named) end
  local look = q.fresh > 0 and add_place(q, args, n, specials, duplicates, now)
  if q.order and q.order.id ~= '' then order_note(q.meta, q.order) end
  add_claim(q, args, specials, duplicates, now)
  local ttls = (q.meets or q.ttl or args[q.after + 1]) and add_ttls(q, args, q.after + 1)
  if q.ttl or args[q.after + 1] then
    q.expires = add_expire(q, args, ttls, specials, duplicates, now)
  end
  for i, text in pairs(q.tags or {}) do
    if not duplicates[i] then tags_put(q, args[4 + 2 * i], text) end
  end
  if q.meets then look = dedup_write(q, args, specials, ttls, now) or look end
  -- In a pause nobody needs to look, nor if a worker does when the next job may start. What expires
  -- does so nevertheless.
  if q.paused or (q.turn and wake_watched(q.turn, now)) then look = false end
  if q.fresh > 0 then redis.call('HINCRBY', q.meta, 'added', q.fresh) end
  if look or q.expires then
    wake_one(q.wake)
  end
end
