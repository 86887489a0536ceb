-- running: a worker's active jobs, id → "<rank>:<started ms>". The rank is where a job goes back
-- to: any number that Redis prints, whole or not, of either sign.

local function running_rank(value)
  return string.match(value, '^[^:]*')
end
