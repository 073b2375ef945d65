# Two images: `worker` with what production needs, `emulated` with the emulated clouds and the whole local stack beside it.
FROM node:24.21.0-bookworm-slim AS base
# git for workspaces, bubblewrap to confine commands.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends bubblewrap ca-certificates git \
  && rm -rf /var/lib/apt/lists/* \
  # Repositories are mounted and belong to another user than the worker's.
  && git config --system --add safe.directory '*'
WORKDIR /opt/anyport
COPY package.json package-lock.json ./
RUN mkdir -p /var/lib/anyport && chown node:node /var/lib/anyport
VOLUME /var/lib/anyport
ENTRYPOINT ["node"]

FROM base AS worker
ENV NODE_ENV=production
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY workflows workflows
COPY activities activities
COPY workers workers
COPY client client
COPY scripts scripts
# Bundled here, so that a container needs neither the time nor the right to write for it.
RUN node --eval "import('./workers/bundle-workflows.ts').then((bundler) => bundler.bundleWorkflows())"
USER node
CMD ["workers/supervisor/main.ts", "--config", "/etc/anyport/anyport.yaml", "--data", "/var/lib/anyport"]

FROM base AS emulated
RUN npm ci --no-audit --no-fund && npm cache clean --force
COPY workflows workflows
COPY activities activities
COPY workers workers
COPY client client
COPY scripts scripts
COPY test test
RUN node --eval "import('./workers/bundle-workflows.ts').then((bundler) => bundler.bundleWorkflows())"
USER node
CMD ["workers/dev/main.ts", "--data", "/var/lib/anyport"]
