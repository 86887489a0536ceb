-- key: the names of keys. Few queues have cancelled jobs, for instance, so no script has that set among
-- its keys; and not every script has all the others.

-- The key of a state's set or of a column: as the script has it, or else named here.
local function key_of(q, name)
  return q[name] or q.base .. name
end
