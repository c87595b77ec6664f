"""The connection to a Kubernetes API: a kubeconfig's context or the pod's own account, and what its refusals mean.

The only place where the `kubernetes` package is set up, imported when a cluster is first asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from steps.registry.runs import RunsError

TIMEOUT = (5, 30)
"""Seconds to connect, and until an answer."""
RETRIES = 2
"""How often the client asks again when the connection fails."""
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
SAID = 300
"""Characters shown of what the API said."""
NOT_FOUND, EXISTS = "NotFound", "AlreadyExists"


class ClusterError(RunsError):
    """A cluster could not be asked, or refused: what was asked, what was answered, what to look at.

    `status` is the HTTP status of its answer, 0 without one.
    """

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the API: a verb of things, what it takes to be allowed to, and what a 404 may come from."""

    verb: str
    things: str
    takes: str
    lacks: str = "is that the namespace?"


@dataclass(frozen=True, slots=True)
class Connection:
    """A `kubernetes` ApiClient, the namespace that is meant, and the API's address for what is said to a person."""

    client: Any
    namespace: str
    host: str

    def ask(self, question: Question, request: Callable[[], Any], no: str = "") -> dict[str, Any] | None:
        """Do a request; None if the API itself gives the reason `no`. Whatever else goes wrong is a `ClusterError`.

        A bare status is no answer: a proxy's 404 would make a run that goes on look gone.
        """
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            answer = request()
        except ApiException as error:
            if no and reason(error.body) == no:
                return None
            raise ClusterError(self._refusal(question, error.status, error.body), error.status or 0) from None
        except (HTTPError, OSError) as error:
            text = f"the Kubernetes API at {self.host} cannot be reached: {error}; is the cluster up, and is it there?"
            raise ClusterError(text) from None
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ClusterError(f"{self._asked(question)}: what answers there is no Kubernetes API")
        return answer

    def send(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Send a request of any kind; return the value that its JSON holds. Raises what `ask` expects."""
        from kubernetes.dynamic import DynamicClient

        # Without a discoverer: the library's reads everything there is, and keeps it in a file of a guessable name.
        dynamic = cast(Any, DynamicClient)(self.client, discoverer=lambda *_: None)
        options = {"query_params": list((query or {}).items()), "_request_timeout": TIMEOUT}
        return dynamic.request(method, path, body=body, serializer=lambda _, value: value, **options)

    def user(self) -> str:
        """Return who asks, as the API has authenticated it (Kubernetes >= 1.28). Raises `ClusterError`."""
        question = Question("create", "a SelfSubjectReview", "create of selfsubjectreviews.authentication.k8s.io")
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = self.ask(question, partial(self.send, "post", f"/apis/{body['apiVersion']}/selfsubjectreviews", body))
        try:
            return str((answer or {})["status"]["userInfo"]["username"])
        except (KeyError, TypeError):
            raise ClusterError(f"{self._asked(question)}: the answer names nobody") from None

    def _asked(self, question: Question) -> str:
        return f"{question.verb} {question.things} in namespace {self.namespace!r} at {self.host}"

    def _refusal(self, question: Question, status: int | None, body: object) -> str:
        asked = self._asked(question)
        if status == 401:
            return f"{asked}: the API does not know who asks (401); is the token or the certificate out of date?"
        if status == 403:
            return f"{asked}: not allowed (403); it takes {question.takes} there"
        if status == 404:
            return f"{asked}: there is no such thing (404); {question.lacks}"
        if status == 410:
            return f"{asked}: the list changed too much while it was read (410); try again"
        return f"{asked}: the API answered {status}: {said(body)}"


def in_pod(namespace: str = "") -> Connection:
    """Return the cluster that this pod runs on, in the pod's own namespace unless another is given.

    Raises `ClusterError` when the pod has no service account's token.
    """
    from kubernetes import client
    from kubernetes.config import ConfigException

    settings = client.Configuration()
    try:
        _config().load_incluster_config(client_configuration=settings)
        namespace = namespace or NAMESPACE_FILE.read_text(encoding="utf-8").strip()
    except (ConfigException, OSError) as error:
        hint = "is automountServiceAccountToken off?"
        raise ClusterError(f"this pod cannot ask the Kubernetes API: {error}; {hint}") from None
    return _connected(settings, namespace)


def in_context(context: str, namespace: str = "", file: Path | None = None) -> Connection:
    """Return the cluster of a context ("": the current one) of `file`, of `KUBECONFIG` or else of `~/.kube/config`, in
    the context's own namespace unless another is given. Raises `ClusterError`."""
    from kubernetes import client
    from kubernetes.config import ConfigException
    from yaml import YAMLError

    settings = client.Configuration()
    place = str(file) if file else None
    try:
        _config().load_kube_config(place, context or None, client_configuration=settings, persist_config=False)
        known, current = _config().list_kube_config_contexts(place)
    except (ConfigException, YAMLError, OSError, ValueError, TypeError, AttributeError) as error:
        hint = "`kubectl config get-contexts` lists what there is"
        named = f"the context {context!r}" if context else "the kubeconfig's current context"
        raise ClusterError(f"{named} cannot be used: {error}; {hint}") from None
    name = context or current["name"]
    of_context = next((one["context"].get("namespace") for one in known if one["name"] == name), None)
    return _connected(settings, namespace or of_context or "default")


def reason(body: object) -> str:
    """Return the reason that the API server's own refusals hold; "" for any other body."""
    return str(_status(body).get("reason", ""))


def said(body: object) -> str:
    """Return what an answer says, on one line and not too long of it."""
    plain = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "nothing")
    text = str(_status(body).get("message") or plain)
    return " ".join(text.split())[:SAID]


def _status(body: object) -> dict[str, Any]:
    """Return the Status that an API server's own refusal is; empty for any other body."""
    try:
        value = json.loads(body) if isinstance(body, str | bytes) else None
    except ValueError:
        return {}
    return value if isinstance(value, dict) and value.get("kind") == "Status" else {}


def _config() -> Any:
    """Return the module that reads kubeconfigs, which is not typed."""
    from kubernetes import config

    return config


def _connected(settings: Any, namespace: str) -> Connection:
    from kubernetes import client

    settings.retries = RETRIES
    return Connection(client.ApiClient(settings), namespace, str(settings.host))
