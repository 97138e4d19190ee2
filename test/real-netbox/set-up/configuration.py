"""NetBox's configuration for the tests, copied to NETBOX_ROOT/conf/. The environment has the other values."""

import gc
import os

# NetBox's migrations and start make millions of objects that stay. With Python's own thresholds,
# a third of the time goes into looking for garbage among them.
gc.set_threshold(100_000, 50, 1000)

ALLOWED_HOSTS = ["*"]
DATABASES = {
    "default": {
        "NAME": os.environ["TEST_DATABASE"],
        "USER": "netbox",
        "HOST": os.environ["TEST_DATABASE_FOLDER"],
        "CONN_MAX_AGE": 300,
    }
}
REDIS = {
    purpose: {"URL": f"unix://{os.environ['TEST_REDIS']}?db={number}"}
    for number, purpose in enumerate(("tasks", "caching"))
}
# Of a NetBox that lives for one test and listens on loopback alone.
SECRET_KEY = "of-a-netbox-that-lives-for-one-test-and-listens-on-loopback"
API_TOKEN_PEPPERS = {1: os.environ["TEST_TOKEN_PEPPER"]}
PLUGINS = ["netbox_diode_plugin"]
PLUGINS_CONFIG = {
    "netbox_diode_plugin": {
        "diode_target": os.environ["TEST_DIODE_TARGET"],
        # A fifth of the time, for what no test reads.
        "apply_bypass_change_logging": True,
        "apply_bypass_search_indexing": True,
    }
}
CENSUS_REPORTING_ENABLED = False
