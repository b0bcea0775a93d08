# One image for every process; the command is the process: listener, subscriber, relay, worker, sender, worklist,
# migrate. Any base with python3 (3.11 or later) and its venv module will do: --build-arg BASE_IMAGE=...
ARG BASE_IMAGE=python:3.12-slim-bookworm

FROM ${BASE_IMAGE} AS build
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
# pip lives in an environment of its own, so that the one that is shipped has no installer in it.
RUN python3 -m venv /build/pip && python3 -m venv --without-pip /opt/countersign
COPY requirements-image.lock ./
RUN /build/pip/bin/pip --python /opt/countersign/bin/python install \
      --require-hashes --only-binary :all: -r requirements-image.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY integration ./integration
COPY services ./services
RUN /build/pip/bin/pip --python /opt/countersign/bin/python install --no-deps . \
 && /opt/countersign/bin/python -m compileall -q -j 0 /opt/countersign/lib

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="countersign" \
      org.opencontainers.image.description="AI-suggested findings for radiology reports; nothing is final until a radiologist countersigns." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/countersign /opt/countersign
# The root file system may be read-only: nothing below /opt/countersign is written, /tmp is the only scratch space.
ENV PATH=/opt/countersign/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp \
    COUNTERSIGN_HEALTH__HOST=0.0.0.0 COUNTERSIGN_HEALTH__PORT=9090 \
    COUNTERSIGN_MLLP__HOST=0.0.0.0 COUNTERSIGN_FHIR__NOTIFY_HOST=0.0.0.0 COUNTERSIGN_WORKLIST__HOST=0.0.0.0
USER 10001:10001
EXPOSE 2575 8080 8081 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9090/live', timeout=4)"]
ENTRYPOINT ["countersign"]
CMD ["--help"]
