"""The Workflows of a namespace of a cluster, by the Kubernetes API. Reconcile, watch and `why` look and start by it.

The only user of the `kubernetes` package, imported when a cluster is first asked for. It creates a Workflow exactly as
a Sensor does, and by name: whoever is second finds that it exists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from steps.registry.runs import Look, RunsError
from workflows.cluster.look import look_at
from workflows.definitions.events import created

GROUP, VERSION, PLURAL = "argoproj.io", "v1alpha1", "workflows"
PAGE = 50
"""Workflows a page: each may be 1 MiB."""
TIMEOUT = (5, 30)
"""Seconds to connect, and until an answer."""
RETRIES = 2
"""How often the client asks again when the connection fails."""
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
SAID = 300
"""Characters shown of what the API said."""
NOT_FOUND, EXISTS = "NotFound", "AlreadyExists"


def in_pod(namespace: str = "") -> ClusterRuns:
    """Return the cluster that this pod runs on, in the pod's own namespace unless another is given.

    Raises `RunsError` when the pod has no service account's token.
    """
    from kubernetes import client
    from kubernetes.config import ConfigException

    settings = client.Configuration()
    try:
        _config().load_incluster_config(client_configuration=settings)
        namespace = namespace or NAMESPACE_FILE.read_text(encoding="utf-8").strip()
    except (ConfigException, OSError) as error:
        hint = "is automountServiceAccountToken off?"
        raise RunsError(f"this pod cannot ask the Kubernetes API: {error}; {hint}") from None
    return _connected(settings, namespace)


def in_context(context: str, namespace: str = "", file: Path | None = None) -> ClusterRuns:
    """Return the cluster of a context of `file`, of `KUBECONFIG` or else of `~/.kube/config`, in the context's own
    namespace unless another is given. Raises `RunsError`."""
    from kubernetes import client
    from kubernetes.config import ConfigException
    from yaml import YAMLError

    settings = client.Configuration()
    place = str(file) if file else None
    try:
        _config().load_kube_config(place, context, client_configuration=settings, persist_config=False)
        known = _config().list_kube_config_contexts(place)[0]
    except (ConfigException, YAMLError, OSError, ValueError, TypeError, AttributeError) as error:
        hint = "`kubectl config get-contexts` lists what there is"
        raise RunsError(f"the context {context!r} cannot be used: {error}; {hint}") from None
    of_context = next((one["context"].get("namespace") for one in known if one["name"] == context), None)
    return _connected(settings, namespace or of_context or "default")


def _config() -> Any:
    """Return the module that reads kubeconfigs, which is not typed."""
    from kubernetes import config

    return config


def _connected(settings: Any, namespace: str) -> ClusterRuns:
    from kubernetes import client

    settings.retries = RETRIES
    return ClusterRuns(client.CustomObjectsApi(client.ApiClient(settings)), namespace, str(settings.host))


@dataclass(frozen=True, slots=True)
class ClusterRuns:
    """`Runs` of one namespace; `api` is a `CustomObjectsApi`, `host` its address for what is said to a person."""

    api: Any
    namespace: str
    host: str

    def look(self, name: str) -> Look | None:
        where = {**self._where(), "name": name}
        found = self._ask("get", partial(self.api.get_namespaced_custom_object, **where), NOT_FOUND)
        return look_at(found) if found is not None else None

    def all(self, pipeline: str) -> Iterator[Look]:
        """Yield the pipeline's Workflows page by page, as they are consumed."""
        label, more = f"app.kubernetes.io/instance={pipeline}", ""
        while True:
            where = {**self._where(), "label_selector": label, "limit": PAGE, "_continue": more}
            page = self._ask("list", partial(self.api.list_namespaced_custom_object, **where)) or {}
            yield from (look_at(item) for item in page.get("items") or [])
            more = (page.get("metadata") or {}).get("continue") or ""
            if not more:
                return

    def start(self, pipeline: str, name: str, parameters: Mapping[str, str]) -> bool:
        body = created(pipeline, name, parameters)
        where = {**self._where(), "body": body, "field_manager": "retrain"}
        request = partial(self.api.create_namespaced_custom_object, **where)
        return self._ask("create", request, EXISTS) is not None

    def _where(self) -> dict[str, Any]:
        place = {"group": GROUP, "version": VERSION, "plural": PLURAL, "namespace": self.namespace}
        return {**place, "_request_timeout": TIMEOUT}

    def _ask(self, verb: str, request: Callable[[], Any], no: str = "") -> dict[str, Any] | None:
        """Do a request; None if the API itself gives the reason `no`. Whatever else goes wrong is a `RunsError`.

        A bare status is no answer: a proxy's 404 would make a run that goes on look gone.
        """
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            answer = request()
        except ApiException as error:
            if no and _reason(error.body) == no:
                return None
            raise RunsError(self._refusal(verb, error.status, error.body)) from None
        except (HTTPError, OSError) as error:
            text = f"the Kubernetes API at {self.host} cannot be reached: {error}; is the cluster up, and is it there?"
            raise RunsError(text) from None
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise RunsError(f"{self._asked(verb)}: what answers there is no Kubernetes API")
        return answer

    def _asked(self, verb: str) -> str:
        return f"{verb} Workflows in namespace {self.namespace!r} at {self.host}"

    def _refusal(self, verb: str, status: int | None, body: object) -> str:
        asked = self._asked(verb)
        if status == 401:
            return f"{asked}: the API does not know who asks (401); is the token or the certificate out of date?"
        if status == 403:
            return f"{asked}: not allowed (403); it takes get, list and create of workflows.argoproj.io there"
        if status == 404:
            return f"{asked}: there is no such thing (404); is Argo Workflows installed, is that the namespace?"
        if status == 410:
            return f"{asked}: the list changed too much while it was read (410); try again"
        said = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "nothing")
        return f"{asked}: the API answered {status}: {' '.join(said.split())[:SAID]}"


def _reason(body: object) -> str:
    """Return the reason that the API server's own refusals hold; "" for any other body."""
    try:
        value = json.loads(body) if isinstance(body, str | bytes) else None
    except ValueError:
        return ""
    return str(value.get("reason", "")) if isinstance(value, dict) and value.get("kind") == "Status" else ""
