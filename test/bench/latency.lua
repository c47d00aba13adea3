-- SPDX-License-Identifier: Apache-2.0
-- For wrk: one line of JSON with what test/bench/loads.py wants to know.
function done(summary, latency, requests)
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write
        + summary.errors.status + summary.errors.timeout
    local list = {}
    for _, percent in ipairs({ 50, 75, 90, 95, 99, 99.5, 99.9 }) do
        table.insert(list, string.format('"%g": %.3f', percent, latency:percentile(percent) / 1e3))
    end
    print(string.format('\n{"requests": %d, "seconds": %.6f, "errors": %d, "max_ms": %.3f, '
        .. '"latency_ms": {%s}}', summary.requests, summary.duration / 1e6, errors,
        latency.max / 1e3, table.concat(list, ", ")))
end
