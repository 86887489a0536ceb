-- numbered: calls that are carried out once, however often and however late they arrive.
--
-- A sender makes one call at a time under its name, and numbers them. Its key holds the number of
-- the newest call that was carried out and, after a blank, its answer if that says anything.

-- What a sender's key says of a call: nil if it wasn't carried out, else its answer. Of calls
-- before the newest nobody awaits one.
local function numbered_answer(note, number)
  local newest, answer = tonumber(note or 0), ''
  if not newest then
    newest, answer = string.match(note, '^(%d+) (.*)$')
  end
  local later = tonumber(newest) - number
  if later >= 0 then
    return later == 0 and answer or ''
  end
end

-- Notes that a call is carried out. If it was before, the key stays as it is, and the answer of
-- that time is returned.
local function numbered_note(key, number, ms, answer)
  local note = answer == '' and number or number .. ' ' .. answer
  local last = redis.call('SET', key, note, 'PX', ms, 'GET')
  local made = numbered_answer(last, tonumber(number))
  if made then
    redis.call('SET', key, last, 'PX', ms)
  end
  return made, last
end
