// SPDX-License-Identifier: Apache-2.0

// A hello server with node:http, unmodified: V8, libuv and its threads in one program.
const http = require('node:http');

const port = process.env.PORT || 8000;

http.createServer((request, response) => {
    const found = request.url === '/';

    response.writeHead(found ? 200 : 404, { 'Content-Type': 'text/plain' });
    response.end(found ? 'Hello from Soliton\n' : '');
}).listen(port, () => console.log(`listening on port ${port}`));
