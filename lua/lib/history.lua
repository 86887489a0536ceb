-- history: what has happened in a queue and to the jobs of each name, minute by minute.
-- {q}:history has what is open: `@` the minute; `#` the totals of the last report; `m<name>` what
-- has been reported of that minute; `t<name>` the minutes that are over since its ten began, and
-- `h<name>` the ten minutes that are since its hour began, each in several points; `n<name>` the
-- hour in which the name was seen last. The name '' is the queue's own, and HISTORY_OTHERS that of
-- the names beyond HISTORY_NAMES.
-- A minute that is over goes into {q}:history:1m and into what is open of the ten minutes; these go
-- into {q}:history:10m and the hour once they are over, and the hour into {q}:history:1h. Each has
-- fields `<chunk> <name>`: for each point a byte for its slot, two for its length, and the point.

-- No job's name begins with a blank.
local HISTORY_OTHERS = ' '
local HISTORY_NAMES = 32
-- The names that have no history any more after so many hours make room for others.
local HISTORY_HOURS = 2400
-- Reports of a minute are put together when they have so many bytes: to add each costs a few times
-- as much as to keep it.
local HISTORY_REPORTS = 200
-- A clock that was set back by no more minutes goes on in the one that is open.
local HISTORY_SETBACK = 60

-- A new chunk has begun: drops those that are too old, and those of a clock that was far ahead.
local function history_trim(key, chunk, most)
  local old = {}
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local of = tonumber(string.match(field, '^(%d+) '))
    if not of or math.abs(chunk - of) >= most then
      old[#old + 1] = field
    end
  end
  if #old > 0 then
    redis.call('HDEL', key, unpack(old))
  end
end

-- Adds the points of a slot that is over, and answers them packed. The queue's own is always among
-- them.
local function history_append(key, resolution, minute, points)
  local slot = math.floor(minute / resolution.minutes)
  local chunk, place = math.floor(slot / resolution.slots), slot % resolution.slots
  local names, fields = {}, {}
  for name in pairs(points) do
    names[#names + 1], fields[#fields + 1] = name, chunk .. ' ' .. name
  end
  local found, pairs_of, packed = redis.call('HMGET', key, unpack(fields)), {}, {}
  local is_new = false
  for i, field in ipairs(fields) do
    local point = points_item(points_write(points[names[i]]))
    packed[names[i]] = point
    pairs_of[2 * i - 1] = field
    pairs_of[2 * i] = (found[i] or '') .. string.char(place) .. point
    is_new = is_new or (names[i] == '' and not found[i])
  end
  redis.call('HSET', key, unpack(pairs_of))
  if is_new then
    history_trim(key, chunk, resolution.chunks)
  end
  redis.call('PEXPIRE', key, resolution.chunks * resolutions_chunk(resolution))
  return packed
end

-- What is open, by the letter of its field and the name.
local function history_open(history)
  local open, found = { m = {}, t = {}, h = {}, n = {} }, redis.call('HGETALL', history)
  for i = 1, #found, 2 do
    local of = open[string.sub(found[i], 1, 1)]
    if of then
      of[string.sub(found[i], 2)] = found[i + 1]
    end
  end
  return open
end

local function history_sums(texts)
  local points = {}
  for name, text in pairs(texts) do
    points[name] = points_sum(text)
  end
  return points
end

-- The points of the minute that is over. The queue has the sum of its names' retries and runs.
local function history_minute(texts)
  local points = history_sums(texts)
  local own = points[''] or {}
  for name, point in pairs(points) do
    if name ~= '' then points_add_runs(own, point) end
  end
  points[''] = own
  return points
end

-- The minute `over` has passed, and `now` begins.
local function history_close(q, over, now)
  local open = history_open(q.history)
  local points, stays = history_minute(open.m), {}
  for name in pairs(points) do
    if name ~= '' then open.n[name] = math.floor(over / 60) end
  end
  open.m = {}
  for i, resolution in ipairs(RESOLUTIONS) do
    local packed = history_append(q.resolutions[i], resolution, over, points)
    local coarser = RESOLUTIONS[i + 1]
    if not coarser then break end
    local texts = open[coarser.open]
    for name, point in pairs(packed) do texts[name] = (texts[name] or '') .. point end
    if math.floor(over / coarser.minutes) == math.floor(now / coarser.minutes) then
      break
    end
    points, open[coarser.open] = history_sums(texts), {}
  end
  for letter, texts in pairs(open) do
    for name, text in pairs(texts) do
      stays[#stays + 1], stays[#stays + 2] = letter .. name, text
    end
  end
  redis.call('DEL', q.history)
  if #stays > 0 then redis.call('HSET', q.history, unpack(stays)) end
end

-- How much the totals have grown since the last report, and what they are now. Before the first one
-- of a queue whose runs were reported by an older version, that isn't known.
local function history_totals(q, meta, before)
  local totals, was, grown = { meta.added, meta.completed, meta.failed, meta.cancelled }, {}, {}
  for total in string.gmatch(before or '', '%d+') do
    was[#was + 1] = tonumber(total)
  end
  local unknown = not before and redis.call('EXISTS', q.histograms) == 1
  for i = 1, 4 do
    totals[i] = totals[i] or '0'
    local now = tonumber(totals[i])
    local last = was[i] or unknown and now or 0
    -- A queue that was obliterated counts from 0.
    grown[i] = now < last and now or now - last
  end
  return grown, table.concat(totals, ' ')
end

-- How many jobs wait, and how far behind the workers are.
local function history_sample(q, meta, now)
  local due = redis.call('ZRANGE', q.delayed, 0, 0, 'WITHSCORES')[2]
  local since = math.min(oldest_ready(q, meta.aging, now) or now, tonumber(due or now))
  return redis.call('ZCARD', q.waiting), math.max(0, math.floor(now - since))
end

-- Whether a name that is new has a place of its own.
local function history_admit(history, name, hour)
  local seen, taken, oldest, since = history_open(history).n, 0, nil, hour
  for other, last in pairs(seen) do
    if other ~= HISTORY_OTHERS then
      taken = taken + 1
      if tonumber(last) < since then oldest, since = other, tonumber(last) end
    end
  end
  if taken >= HISTORY_NAMES then
    if not oldest or hour - since <= HISTORY_HOURS then
      return false
    end
    redis.call('HDEL', history, 'n' .. oldest)
  end
  redis.call('HSET', history, 'n' .. name, hour)
  return true
end

-- Adds what a worker reports to the minute that is open: pairs of a name and a point, from `first`
-- on. Fields and values go to `to`.
local function history_names(history, args, first, hour, to)
  local known, points, names, fields = {}, {}, {}, {}
  for i = first, #args, 2 do
    names[#names + 1], known[#known + 1] = args[i], 'n' .. args[i]
  end
  if #names == 0 then
    return
  end
  known = redis.call('HMGET', history, unpack(known))
  for i, name in ipairs(names) do
    local own = name == HISTORY_OTHERS or known[i] or history_admit(history, name, hour)
    name = own and name or HISTORY_OTHERS
    points[name] = (points[name] or '') .. points_item(args[first + 2 * i - 1])
  end
  names = {}
  for name in pairs(points) do
    names[#names + 1], fields[#fields + 1] = name, 'm' .. name
  end
  local found = redis.call('HMGET', history, unpack(fields))
  for i, name in ipairs(names) do
    local text = (found[i] or '') .. points[name]
    if #text > HISTORY_REPORTS then text = points_item(points_write(points_sum(text))) end
    to[#to + 1], to[#to + 2] = fields[i], text
  end
end

-- Folds a worker's report into the history. meta: the totals, and the aging.
local function history_fold(q, meta, args, first)
  local now = clock_now()
  local minute = math.floor(now / 60000)
  local open, before, own = unpack(redis.call('HMGET', q.history, '@', '#', 'm'))
  open = tonumber(open or nil)
  local begins = not open or minute > open or open - minute > HISTORY_SETBACK
  if begins and open then
    history_close(q, open, minute)
    own = false
  end
  local grown, totals = history_totals(q, meta, before)
  local point = points_sum(own or '')
  for i, field in ipairs({ 7, 1, 2, 3 }) do
    point[field] = (point[field] or 0) + grown[i]
    if point[field] == 0 then point[field] = nil end
  end
  if begins then
    point[8], point[9] = history_sample(q, meta, now)
    open = minute
  end
  local to = { '@', open, '#', totals, 'm', points_item(points_write(point)) }
  history_names(q.history, args, first, math.floor(open / 60), to)
  redis.call('HSET', q.history, unpack(to))
  if begins then
    redis.call('PEXPIRE', q.history, HISTORY_HOURS * 3600000)
  end
end
