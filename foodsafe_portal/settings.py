"""One settings file: the embedded default needs no environment, production sets DATABASE_URL, REDIS_URL and SECRET_KEY."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from foodsafe_portal import env
from foodsafe_portal.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env.load_dotenv(BASE_DIR / ".env")

# --- where things live -------------------------------------------------------------------------
VAR_DIR = env.directory("PORTAL_VAR", BASE_DIR / "var")
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
IS_SQLITE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
REDIS_URL = env.text("REDIS_URL", "")
# Without a SECRET_KEY of its own the portal is embedded: one machine, plain HTTP on localhost. With one it is production.
EMBEDDED = env.flag("EMBEDDED", default=not env.text("SECRET_KEY", ""))
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY", file=VAR_DIR / "secret_key", generate=EMBEDDED)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]" if EMBEDDED else "")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
# Addresses and networks of the proxies in front of the portal, "unix" for a socket file: theirs is the word about who asks.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES", "" if EMBEDDED else "127.0.0.1,::1")

if IS_SQLITE:
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-65536;PRAGMA mmap_size=268435456;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.integer("CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A database that does not answer is given up within seconds: the person is told, and the thread is free for others.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": env.integer("DATABASE_CONNECT_SECONDS", 5, minimum=1),
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        "options": f"-c idle_in_transaction_session_timeout={env.integer('DATABASE_IDLE_SECONDS', 300)}s",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- rooms -------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "foodsafe_portal",
    "records",
    "accounts",
    "entities",
    "inspections",
    "campaigns",
    "accounts.apps.PortalAdminConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "import_export",
    "csp",
]

MIDDLEWARE = [
    "foodsafe_portal.middleware.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "records.middleware.RequestTrailMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.PersonMiddleware",
    "accounts.middleware.SignInMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "foodsafe_portal.middleware.NotAllowedPageMiddleware",
]

ROOT_URLCONF = "foodsafe_portal.urls"
WSGI_APPLICATION = "foodsafe_portal.wsgi.application"
CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "accounts.context_processors.portal",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "environment": "foodsafe_portal.jinja.environment",
            "context_processors": CONTEXT_PROCESSORS,
        },
    },
    {
        # The administration and allauth bring templates of their own, which ours extend.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates" / "django"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.i18n", *CONTEXT_PROCESSORS],
        },
    },
]
# What a template asks for and does not find is an error instead of nothing: on for developers and tests.
STRICT_TEMPLATES = env.flag("STRICT_TEMPLATES", default=DEBUG)

# --- people ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.NameOrMobileBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapters.PortalAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_FORMS = {"login": "accounts.forms.LoginForm", "change_password": "accounts.forms.ChangePasswordForm"}
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_RATE_LIMITS = (
    False  # accounts.services.signing_in counts in the database: Redis down opens no gate and closes none
)
ACCOUNT_SESSION_REMEMBER = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "食安创建"

DEVICE_COOKIE_NAME = "device" if EMBEDDED else "__Host-device"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = env.integer("SESSION_HOURS", 12) * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
IDLE_MINUTES = env.integer("IDLE_MINUTES", 30)
ADMIN_IDLE_MINUTES = env.integer("ADMIN_IDLE_MINUTES", 15)

# --- pages -------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if not EMBEDDED:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- words and time ----------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# --- files -------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"  # no MEDIA_URL: every download goes through a scoped view
MEDIA_URL = ""
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_BROTLI = False
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_PERMISSIONS = 0o640

# Limits on ledgers from outside; the sentence that refuses a file names them.
LEDGER_MAX_ROWS = env.integer("LEDGER_MAX_ROWS", 250_000, minimum=1)
LEDGER_MAX_MEGABYTES = env.integer("LEDGER_MAX_MEGABYTES", 60, minimum=1)
LEDGER_MAX_COLUMNS = env.integer("LEDGER_MAX_COLUMNS", 300, minimum=1)
LEDGER_MAX_UNPACKED_MEGABYTES = env.integer("LEDGER_MAX_UNPACKED_MEGABYTES", 400, minimum=1)
LEDGER_READ_SECONDS = env.integer("LEDGER_READ_SECONDS", 45, minimum=1)
LEDGER_READ_MEGABYTES = env.integer("LEDGER_READ_MEGABYTES", 3072, minimum=256)
# From which likeness of name and address, in percent, two businesses of a township are shown to a person (campaign default).
DUPLICATE_LIKENESS = env.integer("DUPLICATE_LIKENESS", 75, minimum=1)

# --- work --------------------------------------------------------------------------------------
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(VAR_DIR / "cache"),
        }
    }
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL or "filesystem://")
if CELERY_BROKER_URL == "filesystem://":
    _broker = VAR_DIR / "broker"
    for _folder in ("queue", "processed", "control"):
        (_broker / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "queue"),
        "data_folder_out": str(_broker / "queue"),
        "processed_folder": str(_broker / "processed"),
        "control_folder": str(_broker / "control"),
        "store_processed": False,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
# Every entry may run late, twice or on two beats at once: each calls a service that looks at the database first.
CELERY_BEAT_SCHEDULE = {
    "sweep-jobs": {"task": "records.tasks.sweep_jobs", "schedule": timedelta(seconds=30)},
    "seal-trail": {"task": "records.tasks.seal_trail", "schedule": timedelta(seconds=60)},
    "watch-trail": {"task": "records.tasks.watch_trail", "schedule": timedelta(hours=1)},
    "close-weeks": {"task": "campaigns.tasks.close_due_weeks", "schedule": timedelta(minutes=10)},
    "forget-sign-in-attempts": {"task": "accounts.tasks.forget_attempts", "schedule": timedelta(hours=1)},
    "materialise-duties": {
        "task": "inspections.tasks.materialise_current_duties",
        "schedule": timedelta(hours=1),
    },
}
JOB_LEASE_SECONDS = env.integer("JOB_LEASE_SECONDS", 60, minimum=5)

# --- API ---------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    # The token first: its challenge is what a 401 carries.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.AccountToken",
        "accounts.authentication.PageSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "foodsafe_portal.lib.negotiation.AlwaysJson",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "foodsafe_portal.lib.api.on_error",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": _("食安创建 API"),
    "DESCRIPTION": _(
        "国家食品安全示范城市创建工作平台的接口：权限与页面相同，按辖区和单位取数。"
        "列表用游标翻页：next 为 null 时已到末页。日期写作 2026-11-16，时间带时区。"
    ),
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": True,
    # Choices stand where they are used; every operation names its refusals; ledger columns come from their classes.
    "POSTPROCESSING_HOOKS": [
        "foodsafe_portal.lib.api.document_errors",
        "records.api.document_kinds",
    ],
}
IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

# --- the trail ---------------------------------------------------------------------------------
# The first key signs, all of them verify: to change the key, put the new one in front. Kept apart from the database's backup.
TRAIL_KEYS = env.keys("TRAIL_KEYS", file=VAR_DIR / "trail_keys")
TRAIL_ANCHOR_FILE = env.text("TRAIL_ANCHOR_FILE", "")
TRAIL_ANCHOR_MAIL = env.words("TRAIL_ANCHOR_MAIL")

# --- mail --------------------------------------------------------------------------------------
EMAIL_CONFIG = env.mail("EMAIL_URL")
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = (EMAIL_CONFIG[name] for name in ("backend", "host", "port"))
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL_CONFIG["user"], EMAIL_CONFIG["password"]
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = EMAIL_CONFIG["tls"], EMAIL_CONFIG["ssl"], 20
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "portal@localhost")

# --- logs --------------------------------------------------------------------------------------
LOGGING = logging_settings(
    level=env.text("LOG_LEVEL", "INFO"), as_json=env.flag("LOG_JSON", default=not EMBEDDED)
)
# Below this much free space (MiB) /readyz says no and uploads are about to be refused.
READY_FREE_MEGABYTES = env.integer("READY_FREE_MEGABYTES", 500)
