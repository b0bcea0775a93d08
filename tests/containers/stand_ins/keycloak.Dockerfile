# Keycloak's own distribution from Maven, where its image has it.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY keycloak-quarkus-dist-*.zip /opt/keycloak.zip
RUN cd /opt && python3 -m zipfile -e keycloak.zip . && rm keycloak.zip && mv keycloak-* keycloak && mkdir -p keycloak/data \
 && chmod +x keycloak/bin/*.sh && chown -R 1000:0 keycloak
ENV JAVA_OPTS_KC_HEAP="-Xms128m -Xmx512m" JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1"
USER 1000:0
ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]
