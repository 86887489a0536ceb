-- running: a worker's active jobs, id → "<rank>:<started ms>". The rank is where a job goes back
-- to.

local function running_rank(value)
  return string.match(value, '^%d+')
end
