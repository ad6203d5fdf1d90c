# syntax=docker/dockerfile:1
#
# One image for each worker binary, and one for the command; a target is called as its binary:
#
#   docker build --target onboarding-worker --build-arg MAINSPRING_BUILD_ID=7 \
#     --build-arg MAINSPRING_COMMIT="$(git rev-parse HEAD)" .
#
# Each platform is built on a machine of its own kind: librdkafka and OpenSSL are built by scripts of theirs, which look
# at the machine that they run on. `cargo xtask image --check` reads this file, and runs what it describes without Docker.
#
# Debian 12 below both: a binary wants the glibc that it was linked against, or a newer one. The upper one's tag
# moves with Debian's fixes: docs/images.md, "Pins".

FROM rust:1.95.0-bookworm AS chef
RUN cargo install cargo-chef --version 0.1.78 --locked
WORKDIR /src

FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

# The dependencies of every binary, in a layer of their own. It stays until a Cargo.toml, Cargo.lock or the toolchain
# changes, and a registry's cache can hold it, which it cannot for a cache mount. `--workspace`, here and below, so that
# each dependency has the same features whichever binary is built.
FROM chef AS build
COPY --from=plan /src/recipe.json recipe.json
RUN cargo chef cook --workspace --bins --locked --profile image --recipe-path recipe.json
COPY . .
# Compiled in, so below the dependencies.
ARG MAINSPRING_BUILD_ID
ARG MAINSPRING_COMMIT

FROM build AS build-analytics-worker
RUN cargo build --workspace --locked --profile image --bin analytics-worker

FROM build AS build-general-purpose-worker
RUN cargo build --workspace --locked --profile image --bin general-purpose-worker

FROM build AS build-onboarding-worker
RUN cargo build --workspace --locked --profile image --bin onboarding-worker

FROM build AS build-mainspring
RUN cargo build --workspace --locked --profile image --bin mainspring

# What all of them stand on: glibc, libgcc, CA certificates, time zones, a user. No shell and no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot AS base
ARG MAINSPRING_BUILD_ID
ARG MAINSPRING_COMMIT
LABEL org.opencontainers.image.source="https://github.com/mainspring-rs/mainspring" \
      org.opencontainers.image.licenses="Apache-2.0 OR MIT" \
      org.opencontainers.image.version="$MAINSPRING_BUILD_ID" \
      org.opencontainers.image.revision="$MAINSPRING_COMMIT"
USER 65532:65532
STOPSIGNAL SIGTERM

FROM base AS analytics-worker
COPY --from=build-analytics-worker /src/target/image/analytics-worker /usr/local/bin/analytics-worker
ENTRYPOINT ["/usr/local/bin/analytics-worker"]

FROM base AS general-purpose-worker
COPY --from=build-general-purpose-worker /src/target/image/general-purpose-worker /usr/local/bin/general-purpose-worker
ENTRYPOINT ["/usr/local/bin/general-purpose-worker"]

FROM base AS onboarding-worker
COPY --from=build-onboarding-worker /src/target/image/onboarding-worker /usr/local/bin/onboarding-worker
ENTRYPOINT ["/usr/local/bin/onboarding-worker"]

FROM base AS mainspring
COPY --from=build-mainspring /src/target/image/mainspring /usr/local/bin/mainspring
ENTRYPOINT ["/usr/local/bin/mainspring"]
