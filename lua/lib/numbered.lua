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

-- The refusal for an error that was caught. Some versions put the line of the script before its
-- code.
local function numbered_refusal(problem)
  local text = type(problem) == 'table' and problem.err or problem
  return redis.error_reply(string.match(text, '%u%u+ .*') or text)
end

-- Notes what a resend is refused, even if that is since Redis is full: it lets a script go on whose
-- first write can't grow. So the refusal holds for its first try too, should that come late.
local function numbered_refuse(key, number, ms, problem)
  local refusal = numbered_refusal(problem)
  redis.call('DEL', key)
  redis.call('SET', key, number .. ' !' .. refusal.err, 'PX', ms)
  return refusal
end

-- The refusal of a call that was refused before, from its answer; nil if it wasn't.
local function numbered_refused(answer)
  if string.sub(answer, 1, 1) == '!' then
    return redis.error_reply(string.sub(answer, 2))
  end
end
