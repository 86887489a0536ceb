-- meant: in which states something is done to jobs that were found. They may have moved since.

-- Whether a state is one of those: their names with blanks between, or '' for any.
local function meant_in(states, state)
  return states == '' or string.find(' ' .. states .. ' ', ' ' .. state .. ' ', 1, true) ~= nil
end
