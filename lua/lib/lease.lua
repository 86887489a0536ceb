-- lease: a worker's right to the jobs it holds, as a deadline in whole ms. Half a ms more says that
-- its last call has handed out jobs, and that it isn't known to have heard the answer.

local function lease_held(workers, worker)
  return redis.call('ZSCORE', workers, worker) ~= false
end

-- Until when a worker has its lease; false if it has none. leases: the two oldest, as pairs.
local function lease_own(workers, worker, leases)
  return leases[1] == worker and leases[2] or leases[3] == worker and leases[4]
    or redis.call('ZSCORE', workers, worker)
end

local function lease_extend(workers, worker, deadline)
  redis.call('ZADD', workers, deadline, worker)
end

-- With an answer that hands out so many jobs.
local function lease_answer(workers, worker, deadline, jobs)
  lease_extend(workers, worker, jobs > 0 and deadline + 0.5 or deadline)
end
