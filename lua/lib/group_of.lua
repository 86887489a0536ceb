-- group_of: which groups jobs belong to. Records say it, and ids that the library makes say when. Where
-- that isn't so, or would be dear to read, {q}:group_of has it: id → since when the job is ready, in ms,
-- a space, and its group. It has jobs whose records are large, whose ids are chosen, that were ready
-- more than once, and those in the sets of groups. meta.grouped is there once any job had a group.

-- The digits of such ids, of which the first ten are the time.
local GROUP_OF_DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

-- Records up to this size are read for their group: no less than lib/size.lua takes for small.
local GROUP_OF_SMALL = 1024

-- The group in a record, if it has one. Such records begin with an array's length, 2 or 3, and a text.
local function group_of_record(record)
  local version = string.byte(record, 2)
  if version ~= 2 and version ~= 3 then
    return nil
  end
  local length, long = string.byte(record, 3, 4)
  local group = length == 217 and string.sub(record, 5, 4 + long) or string.sub(record, 4, length - 157)
  return group ~= '' and group or nil
end

-- The groups in n pairs of an id and a record that begin behind `at`: id → group or false; nil
-- if there is none.
local function group_of_all(args, at, n)
  local named, any = {}, false
  for i = at + 1, at + 2 * n, 2 do
    -- Of one id, the first counts.
    if named[args[i]] == nil then
      named[args[i]] = group_of_record(args[i + 1]) or false
      any = any or named[args[i]]
    end
  end
  return any and named or nil
end

-- When an id was made, in ms.
local function group_of_time(id)
  local ms = 0
  for i = 1, 10 do
    local digit = string.find(GROUP_OF_DIGITS, string.sub(id, i, i), 1, true)
    if not digit then
      return 0
    end
    ms = 32 * ms + digit - 1
  end
  return ms
end

-- The groups of jobs, false for one without; and since when each is ready.
local function group_of_ids(q, ids)
  local of, since = redis.call('HMGET', q.base .. 'group_of', unpack(ids)), {}
  local jobs, left, at = key_of(q, 'jobs'), {}, {}
  local large = redis.call('HGET', key_of(q, 'meta'), 'largest')
  for i, text in ipairs(of) do
    if text then
      since[i], of[i] = string.match(text, '^(%d+) (.*)$')
      since[i] = tonumber(since[i])
    else
      since[i] = group_of_time(ids[i])
      if not large or redis.call('HSTRLEN', jobs, ids[i]) <= GROUP_OF_SMALL then
        left[#left + 1], at[#at + 1] = ids[i], i
      end
    end
  end
  for k, record in ipairs(#left > 0 and redis.call('HMGET', jobs, unpack(left)) or {}) do
    of[at[k]] = record and group_of_record(record) or false
  end
  return of, since
end

-- A job has another record, of the same group.
local function group_of_keep(q, id, group, since, record)
  if group and #record > GROUP_OF_SMALL then
    redis.call('HSET', q.base .. 'group_of', id, string.format('%.0f ', since) .. group)
  end
end

-- Whether any job of the queue may have a group.
local function group_of_any(q)
  if q.grouped == nil then q.grouped = redis.call('HGET', key_of(q, 'meta'), 'grouped') end
  return q.grouped
end

-- New jobs with groups: id → group. Those whose records and ids don't say it all are noted.
local function group_of_note(q, named, noted)
  local column = {}
  for id, group in pairs(noted and named or {}) do
    if group then column[#column + 1], column[#column + 2] = id, '0 ' .. group end
  end
  if #column > 0 then redis.call('HSET', q.base .. 'group_of', unpack(column)) end
  if next(named) and not group_of_any(q) then
    q.grouped = '1'
    redis.call('HSET', key_of(q, 'meta'), 'grouped', '1')
  end
end
