-- lease: a worker's right to the jobs it holds, as a deadline.

local function lease_held(workers, worker)
  return redis.call('ZSCORE', workers, worker) ~= false
end

local function lease_extend(workers, worker, deadline)
  redis.call('ZADD', workers, deadline, worker)
end
