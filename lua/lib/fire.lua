-- fire: what becomes of ticks. A schedule's `fired` is "<jobs>,<ticks without one>,<last job>", with '-'
-- if there is none.

-- What is known of the schedules that the arguments name: by id, and as a list.
local function fire_known(q, args)
  local known, list, ids = {}, {}, {}
  for i = 1, q.n do
    local id = args[FIRE_STRIDE * (i - 1) + 4]
    if not known[id] then
      known[id] = { id = id, overlap = args[FIRE_STRIDE * (i - 1) + 8] }
      ids[#ids + 1], list[#list + 1] = id, known[id]
    end
  end
  local ticks = redis.call('ZMSCORE', q.ticks, unpack(ids))
  local fired = redis.call('HMGET', q.fired, unpack(ids))
  for i, it in ipairs(list) do
    local count, left, last = string.match(fired[i] or '', '^(%d+),(%d+),(%S+)$')
    it.tick, it.count, it.left = ticks[i], tonumber(count or 0), tonumber(left or 0)
    it.last = last or '-'
    it.before, it.made = it.last, {}
  end
  return known, list
end

-- Which of the last jobs have ended, of schedules whose ticks depend on that.
local function fire_ended(q, list)
  local ids, ended = {}, {}
  for _, it in ipairs(list) do
    if it.last ~= '-' and string.find(it.overlap, '^[sl]') then ids[#ids + 1] = it.last end
  end
  for _, set in ipairs(#ids > 0 and { q.completed, q.failed, q.base .. 'cancelled' } or {}) do
    for i, score in ipairs(redis.call('ZMSCORE', set, unpack(ids))) do
      if score then ended[ids[i]] = true end
    end
  end
  return ended
end

-- Whether a schedule's last job waits or runs.
local function fire_unfinished(q, it)
  if it.adds or it.last == '-' or q.over[it.last] then
    return it.adds
  end
  return redis.call('HEXISTS', q.jobs, it.last) == 1
end

-- Whether a tick's job takes no place of its own, since another has its key: that stands for it, or
-- becomes it.
local function fire_shares(q, tick)
  if tick.key == '' then return false end
  local rule = { rule = tick.rule }
  dedup_rule(rule)
  local holder = dedup_holder(q, q.base .. 'unique:' .. tick.key, tick.key)
  local after = holder and holder.place == 'active' and not holder.next
    and (rule.mode == 'k' or rule.mode == 'd')
  return holder and not after
end

-- Whether there is no room for a tick's job.
local function fire_full(q, it, tick, cancels)
  if not q.room or fire_shares(q, tick) then return false end
  if q.taken >= q.room + (cancels and displace_waits(q, it) and 1 or 0) then return true end
  q.taken = q.taken + 1
  return false
end

-- Why a tick adds no job, as a letter of the answer; nil if it adds one.
local function fire_against(q, it, tick)
  if tick.job == '' then
    return '-'
  elseif string.find(tick.overlap, '^[sl]') and fire_unfinished(q, it) then
    return tick.overlap == 'l' and 'l' or 's'
  elseif redis.call('HEXISTS', q.jobs, tick.job) == 1 then
    return 'd'
  end
  local cancels = string.byte(tick.overlap) == 99
  if cancels and it.adds then
    return 's'
  elseif fire_full(q, it, tick, cancels) then
    return 'f'
  end
  if cancels then displace_note(q, it, tick) end
end

-- Whether a schedule has added all the jobs that it may.
local function fire_over(it)
  return it.limit ~= '' and it.count >= tonumber(it.limit)
end

-- Decides on one tick, and answers a letter for it.
local function fire_judge(q, it, tick)
  if tick.this == '' then
    if redis.call('HEXISTS', q.schedules, it.id) == 0 then return '0' end
  elseif it.tick ~= tick.this or (it.changed and fire_over(it)) then
    return '0'
  end
  local against = fire_against(q, it, tick)
  if against == 'f' or against == 'l' then
    return against
  end
  it.changed, it.limit = true, tick.limit
  if tick.this ~= '' then it.tick, it.moved = tick.next, true end
  if against and against ~= 'd' then
    it.left = it.left + 1
    return against
  end
  it.count, it.last, tick.stands = it.count + 1, tick.job, tick.job
  it.made[#it.made + 1] = tick
  if not against then
    it.adds, tick.it = true, it
    q.adds[#q.adds + 1] = tick
  end
  return against or '1'
end

-- The jobs to add, as the arguments of an add: see lib/add.lua.
local function fire_batch(q)
  local batch, specials, n = { '', '', '', '', #q.adds }, {}, #q.adds
  for i, tick in ipairs(q.adds) do
    batch[4 + 2 * i], batch[5 + 2 * i] = tick.job, tick.record
    if tick.key ~= '' or tick.due ~= '' or tick.priority ~= '0' then
      local special = { priority = tonumber(tick.priority), due = tick.due, key = tick.key, unique = 0 }
      if tick.key ~= '' then
        q.keys[#q.keys + 1] = q.base .. 'unique:' .. tick.key
        special.unique, special.rule = #q.keys, tick.rule
        dedup_rule(special)
      end
      specials[i] = special
    end
  end
  batch[6 + 2 * n], q.after = '', 6 + 2 * n
  for i, tick in ipairs(q.adds) do
    if tick.ttl ~= '' then
      batch[#batch + 1], batch[#batch + 2] = i, tick.ttl
    end
    if tick.tags ~= '' then
      batch[#batch + 1], batch[#batch + 2] = i, '#' .. tick.tags
    end
  end
  return batch, specials
end

-- Adds the jobs. One that another stands for, by their unique key, is left out after all. A tick's
-- `stands` is its job as the queue has it, and `meet` what lib/dedup.lua found.
local function fire_add(q, letters)
  displace_waiting(q, clock_now())
  local batch, specials = fire_batch(q)
  q.fresh, q.look, q.heads, q.named = #q.adds, true, true, group_of_all(batch, 5, #q.adds)
  local duplicates = add_duplicates(q, q.keys, batch, #q.adds, specials)
  if q.fresh > 0 or q.meets then add_write(q, batch, #q.adds, specials, duplicates) end
  for i, tick in ipairs(q.adds) do
    local it, meet = tick.it, specials[i] and specials[i].meet
    tick.meet, tick.stands = meet, duplicates[i] or tick.job
    if duplicates[i] and meet.how == '' then
      it.count, tick.stands, letters[tick.index] = it.count - 1, nil, 'u'
      if tick.this ~= '' then it.left = it.left + 1 end
    end
  end
  displace_running(q, letters)
end

-- The last job of a schedule, once it is known what has become of its ticks.
local function fire_last(it)
  local last = it.before
  for _, tick in ipairs(it.made) do
    last = tick.stands or last
  end
  return last
end

-- Writes what has become of the schedules.
local function fire_write(q, list)
  local moves, over, texts = {}, {}, {}
  for _, it in ipairs(list) do
    if it.moved and (it.tick == '' or fire_over(it)) then
      over[#over + 1] = it.id
    elseif it.moved then
      moves[#moves + 1], moves[#moves + 2] = it.tick, it.id
    end
    if it.changed then
      texts[#texts + 1] = it.id
      texts[#texts + 1] = string.format('%.0f,%.0f,%s', it.count, it.left, fire_last(it))
    end
  end
  if #over > 0 then redis.call('ZREM', q.ticks, unpack(over)) end
  if #moves > 0 then redis.call('ZADD', q.ticks, unpack(moves)) end
  if #texts > 0 then redis.call('HSET', q.fired, unpack(texts)) end
end

-- What the queue says of itself, the version of its layout first.
local function fire_meta(q)
  return redis.call('HMGET', q.meta, 'layout', 'events', 'aging', 'paused', 'max_length', 'ttl',
    'turn', 'largest', 'newest', 'ended', 'tagged', 'grouped')
end

-- Carries out what the arguments say of ticks: a letter for each, as one text, and the first tick then.
-- q: every key by name, and base; meta: what fire_meta has read.
local function fire_ticks(q, args, meta)
  q.layout, q.kept, q.step, q.paused = meta[1], meta[2], rank_step(meta[3]), meta[4]
  q.ttl, q.turn, q.largest, q.newest, q.ended = meta[6], meta[7], meta[8], meta[9], meta[10]
  q.tagged, q.grouped = meta[11], meta[12]
  q.n, q.adds, q.keys, q.taken = tonumber(args[3]), {}, {}, 0
  if meta[5] then
    local length = redis.call('ZCARD', q.waiting) + redis.call('ZCARD', q.delayed)
    q.room = math.max(0, meta[5] - length)
  end
  local known, list = fire_known(q, args)
  displace_look(q, known, args)
  q.over = fire_ended(q, list)
  local letters = {}
  for i = 1, q.n do
    local at = FIRE_STRIDE * (i - 1) + 4
    letters[i] = fire_judge(q, known[args[at]], {
      this = args[at + 1], next = args[at + 2], limit = args[at + 3], overlap = args[at + 4],
      job = args[at + 5], record = args[at + 6], due = args[at + 7], priority = args[at + 8],
      ttl = args[at + 9], key = args[at + 10], rule = args[at + 11], tags = args[at + 12],
      index = i,
    })
  end
  -- The jobs come first: if a key of theirs has a wrong type, the ticks stay.
  if #q.adds > 0 then
    fire_add(q, letters)
  end
  fire_write(q, list)
  return table.concat(letters), ticks_note(q.meta, q.ticks)
end
