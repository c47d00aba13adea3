-- SPDX-License-Identifier: Apache-2.0
-- For wrk: one line of JSON with what test/bench/loads.py wants to know.
function done(summary, latency, requests)
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write
        + summary.errors.status + summary.errors.timeout
    print(string.format('\n{"requests": %d, "seconds": %.6f, "errors": %d, "p50": %.3f, '
        .. '"p99": %.3f, "p999": %.3f, "max": %.3f}', summary.requests,
        summary.duration / 1e6, errors, latency:percentile(50) / 1e3,
        latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3, latency.max / 1e3))
end
