-- Sends the requests of a file, one after the other and again from its start: its first line says
-- how many bytes each of them has. At the end one line of JSON says what wrk saw.
--
--   wrk -s requests.lua URL -- FILE
local file, size, first

function init(args)
    file = assert(io.open(args[1], "rb"))
    file:setvbuf("full", 1024 * 1024)
    local line = file:read("*l")
    size, first = assert(tonumber(line)), #line + 1
end

function request()
    local bytes = file:read(size)
    if not bytes or #bytes < size then
        file:seek("set", first)
        bytes = file:read(size)
    end
    return bytes
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"replies": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "refused": %d, ' ..
        '"broken": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
