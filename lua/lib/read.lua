-- read: how much of some jobs goes into one answer.

local READ_BYTES = 1048576

-- How many bytes of its user and of its runs are told of a job.
local function read_size(job)
  local size = 0
  for _, value in ipairs(job or {}) do
    for _, text in ipairs(type(value) == 'table' and value or { value }) do
      size = size + (text and #text or 0)
    end
  end
  return size
end
