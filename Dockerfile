# The portal for production: browser assets from Node, packages in a virtual environment, an ordinary user at run time.

FROM node:22-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund

FROM python:3.13-slim AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.txt ./
RUN python -m venv /opt/portal && /opt/portal/bin/pip install --require-hashes -r requirements.txt
COPY . .
COPY --from=assets /build/node_modules ./node_modules
RUN python scripts/copy_assets.py && rm -rf node_modules && python -m scripts.catalogues

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/portal --create-home --shell /usr/sbin/nologin portal
COPY --from=build /opt/portal /opt/portal
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/portal/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=foodsafe_portal.settings \
    PORTAL_VAR=/var/lib/portal
USER portal
VOLUME /var/lib/portal
EXPOSE 8000
CMD ["gunicorn", "foodsafe_portal.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "3", \
     "--worker-class", "gthread", "--threads", "4", "--preload", "--timeout", "120", "--graceful-timeout", "30", \
     "--worker-tmp-dir", "/dev/shm", "--access-logfile", "-"]
