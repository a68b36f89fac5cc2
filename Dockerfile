# Chitin's image. Run `npm ci` first: everything comes from the locked node_modules, so that the build itself reaches no
# network and needs neither npm nor a shell.
#
#   docker build -t chitin .
#
# BUILD has Node 24 at /usr/local/bin/node. RUNTIME has the C++ runtime that the Node binary is linked to, and nothing else.
ARG BUILD=docker.io/library/node:24-trixie-slim
ARG RUNTIME=gcr.io/distroless/cc-debian13:nonroot

FROM ${BUILD} AS build
WORKDIR /src
COPY . .
RUN ["/usr/local/bin/node", "node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"]
RUN ["/usr/local/bin/node", "src/crypto/wasm/build.ts", "dist/crypto/wasm/kernels"]
# /app gets dist, package.json and the packages that the lockfile does not mark as for development only.
RUN ["/usr/local/bin/node", "deploy/image.ts", "/app"]

FROM ${RUNTIME}
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
WORKDIR /app
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/app/dist/main.js"]
