-- keys_of: the keys that limit how many jobs run at once: see lib/keyed.lua. {q}:keys_of is id → a line for
-- each key: how many jobs of it may, a space, and the key. As long as it is there, meta.grouped is '2', so
-- that fetches and whatever ends a run look for it.

-- The keys in a record, as that text; nil if it has none. Such records begin with an array's length, 3, and
-- two texts: the group, if it has one, and this.
local function keys_of_record(record)
  if string.byte(record, 2) ~= 3 then
    return nil
  end
  local text, at = nil, 3
  for _ = 1, 2 do
    local head, one, two = string.byte(record, at, at + 2)
    local from, length = at + 1, head - 160
    if head == 217 then
      from, length = at + 2, one
    elseif head == 218 then
      from, length = at + 3, one * 256 + two
    end
    at = from + length
    text = string.sub(record, from, at - 1)
  end
  return text
end

-- Notes the keys of n new jobs, in pairs of an id and a record that begin behind `at`. Those in `others`, by
-- index, aren't new.
local function keys_of_note(q, list, at, n, others)
  local column = {}
  for i = 1, n do
    local text = not (others and others[i]) and keys_of_record(list[at + 2 * i])
    if text then column[#column + 1], column[#column + 2] = list[at + 2 * i - 1], text end
  end
  if #column == 0 then
    return
  end
  redis.call('HSET', q.base .. 'keys_of', unpack(column))
  if group_of_any(q) ~= '2' then
    q.grouped = '2'
    redis.call('HSET', key_of(q, 'meta'), 'grouped', '2')
  end
end

-- A job that waits has become another.
local function keys_of_change(q, id, record)
  if redis.call('EXISTS', q.base .. 'keys_of') == 1 then redis.call('HDEL', q.base .. 'keys_of', id) end
  keys_of_note(q, { id, record }, 0, 1)
end
