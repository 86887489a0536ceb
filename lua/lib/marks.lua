-- marks: which of a worker's jobs are to end as cancelled; see lib/cancels.lua.

local MARKS_STEP = 1000

-- `held`, then pairs of ids, as one text, and their mark.
local function marks_of(cancels, running, held)
  local ids, found, alike, reply = {}, {}, {}, { held }
  local marks = redis.call('HRANDFIELD', cancels, MARKS_STEP, 'WITHVALUES')
  for i = 1, #marks, 2 do
    ids[#ids + 1], found[marks[i]] = marks[i], marks[i + 1]
  end
  if #ids == 0 then
    return held
  end
  for i, value in ipairs(redis.call('HMGET', running, unpack(ids))) do
    local mark = value and found[ids[i]]
    if mark then
      if not alike[mark] then
        reply[#reply + 1], reply[#reply + 2] = '', mark
        alike[mark] = { at = #reply - 1 }
      end
      table.insert(alike[mark], ids[i])
    end
  end
  for _, list in pairs(alike) do
    reply[list.at] = table.concat(list, ' ')
  end
  return reply
end
