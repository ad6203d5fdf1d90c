//! What Kubernetes' controller of Jobs and its collection of garbage do, as far as hooks of a release need it: a pod for
//! each try, at most `backoffLimit` more of them, `activeDeadlineSeconds` for all, and then the Job's condition, by which
//! Helm goes on or fails. Tries follow each other at once.

use std::time::Duration;

use serde_json::{Value, json};

use super::kubelet::pod_name;
use super::pod::text;
use super::{Kubelet, holds, list, now};
use crate::ChartError;

const LOOK: Duration = Duration::from_millis(50);

impl Kubelet {
    /// Runs the Jobs of a namespace as they come, while that future lasts: a Helm that waits for its hooks.
    ///
    /// # Errors
    /// The API server refused what a kubelet or a controller writes.
    pub async fn with_jobs<T>(&self, namespace: &str, lasts: impl Future<Output = T>) -> Result<T, ChartError> {
        tokio::select! {
            value = lasts => Ok(value),
            error = self.run_jobs(namespace) => Err(error),
        }
    }

    async fn run_jobs(&self, namespace: &str) -> ChartError {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            if let Err(error) = self.look(namespace).await {
                return error;
            }
        }
    }

    async fn look(&self, namespace: &str) -> Result<(), ChartError> {
        let jobs = self.api.get(&format!("/apis/batch/v1/namespaces/{namespace}/jobs"))?;
        self.collect(namespace, &jobs)?;
        let waits = |job: &&Value| !holds(job, "Complete") && !holds(job, "Failed");
        match list(&jobs).find(waits) {
            Some(job) => self.run_job(namespace, job).await,
            None => Ok(()),
        }
    }

    /// Removes the pods of Jobs that are gone.
    fn collect(&self, namespace: &str, jobs: &Value) -> Result<(), ChartError> {
        let pods = self.api.get(&format!("/api/v1/namespaces/{namespace}/pods"))?;
        for pod in list(&pods) {
            let owner = &pod["metadata"]["ownerReferences"][0];
            if owner["kind"] == "Job" && !list(jobs).any(|job| job["metadata"]["uid"] == owner["uid"]) {
                let name = text(&pod["metadata"]["name"]);
                self.api.delete(&format!("/api/v1/namespaces/{namespace}/pods/{name}?gracePeriodSeconds=0"))?;
            }
        }
        Ok(())
    }

    async fn run_job(&self, namespace: &str, job: &Value) -> Result<(), ChartError> {
        let path = format!("/apis/batch/v1/namespaces/{namespace}/jobs/{}/status", text(&job["metadata"]["name"]));
        let started = now();
        self.api.patch(&path, &json!({ "status": { "startTime": started, "active": 1, "ready": 0 } }))?;
        let retries = job["spec"]["backoffLimit"].as_u64().unwrap_or_default();
        let deadline = job["spec"]["activeDeadlineSeconds"].as_u64().map_or(Duration::MAX, Duration::from_secs);
        let mut failed = 0;
        let tries = async {
            while failed <= retries {
                if self.try_once(namespace, job).await? {
                    return Ok::<_, ChartError>(true);
                }
                failed += 1;
            }
            Ok(false)
        };
        let (kinds, reason, done) = match tokio::time::timeout(deadline, tries).await.ok().transpose()? {
            Some(true) => (["SuccessCriteriaMet", "Complete"], "CompletionsReached", true),
            Some(false) => (["FailureTarget", "Failed"], "BackoffLimitExceeded", false),
            None => (["FailureTarget", "Failed"], "DeadlineExceeded", false),
        };
        let condition = |kind: &str| json!({ "type": kind, "status": "True", "reason": reason, "message": reason, "lastTransitionTime": now() });
        let mut status = json!({ "active": 0, "ready": 0, "failed": failed, "conditions": kinds.map(condition) });
        status["uncountedTerminatedPods"] = json!({});
        if done {
            status["succeeded"] = 1.into();
            status["completionTime"] = now().into();
        }
        self.api.patch(&path, &json!({ "status": status })).map(|_| ())
    }

    /// Runs one pod of a Job to its end; whether it did its work.
    async fn try_once(&self, namespace: &str, job: &Value) -> Result<bool, ChartError> {
        let owner = json!({
            "apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "uid": job["metadata"]["uid"],
            "controller": true,
        });
        let pod = self.create((namespace, &pod_name(job)), &job["spec"]["template"], &owner)?;
        let running = self.run(&pod)?;
        let exit = running.end().await;
        running.write_end(exit)?;
        Ok(exit.success())
    }
}
