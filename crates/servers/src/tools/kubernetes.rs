//! The tools of Kubernetes that the chart's tests run. No sums of their releases' archives are pinned, so they are built
//! by Go, whose own database of sums vouches for the sources.

use super::Tool;

impl Tool {
    /// Helm, which renders the chart and installs it.
    pub fn helm() -> Self {
        const VERSION: &str = "3.22.0";
        // As Helm's own Makefile has it: which version this is, and which Kubernetes it renders for without a cluster
        // (that of its client-go).
        let mut flags = format!("-s -w -X helm.sh/helm/v3/internal/version.version=v{VERSION}");
        for package in ["lint/rules", "chartutil"] {
            for (part, number) in [("Major", 1), ("Minor", 37)] {
                flags.push_str(&format!(" -X helm.sh/helm/v3/pkg/{package}.k8sVersion{part}={number}"));
            }
        }
        Self::new("Helm", "helm", VERSION)
            .manual("install Helm 3 so that `helm` is on PATH (https://helm.sh/docs/intro/install)")
            .go_package("helm.sh/helm/v3/cmd/helm", flags)
    }

    /// The check of manifests against the schemas of Kubernetes and of custom resources.
    pub fn kubeconform() -> Self {
        const VERSION: &str = "0.8.0";
        Self::new("kubeconform", "kubeconform", VERSION)
            .manual("install kubeconform so that it is on PATH (https://github.com/yannh/kubeconform)")
            .go_package("github.com/yannh/kubeconform/cmd/kubeconform", format!("-s -w -X main.version=v{VERSION}"))
    }
}
