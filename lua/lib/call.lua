-- call: a whole call of a script that is carried out once, under its number.

-- Notes its answer, even if Redis is full: the script itself may have had nothing to write.
local function call_keep(key, number, ms, answer)
  local note = number .. ' ' .. answer
  if redis.pcall('SET', key, note, 'PX', ms).err then
    redis.call('DEL', key)
    redis.call('SET', key, note, 'PX', ms)
  end
end

-- An answer as text: a number, a list of numbers, or words.
local function call_text(answer)
  if type(answer) == 'string' then return '$' .. answer end
  return type(answer) == 'table' and '*' .. table.concat(answer, ' ') or tostring(answer)
end

-- The answer for such a text. Without one, nobody awaits it.
local function call_read(text)
  if string.byte(text) == 36 then return string.sub(text, 2) end
  if string.sub(text, 1, 1) ~= '*' then
    return numbered_refused(text) or tonumber(text) or 0
  end
  local list = {}
  for number in string.gmatch(text, '%d+') do
    list[#list + 1] = tonumber(number)
  end
  return list
end

-- Carries out a script. Behind the script's own, KEYS has the sender's key, and ARGV the number, for
-- how many ms it is remembered, and '1' for a resend.
--
-- A first try that is refused leaves nothing: no other try can be under way before.
local function call_once(script, keys, args)
  local resend = table.remove(args) == '1'
  local ms = table.remove(args)
  local number, key = table.remove(args), table.remove(keys)
  local made = numbered_answer(redis.call('GET', key), tonumber(number))
  if made then
    return call_read(made)
  end
  local done, answer
  if resend then
    done, answer = pcall(script, keys, args)
  else
    done, answer = true, script(keys, args)
  end
  if not done or (type(answer) == 'table' and answer.err) then
    return resend and numbered_refuse(key, number, ms, answer) or answer
  end
  call_keep(key, number, ms, call_text(answer))
  return answer
end
